import { Temporal } from '../kernel/time.ts';
import type { DemoAccount } from './catalog.ts';

/** Six weeks from 1 September 2026, always the same. */
export const USAGE_START_MS = Temporal.Instant.from('2026-09-01T00:00:00Z').epochMilliseconds;
export const USAGE_DAYS = 42;
const HOUR_MS = 3_600_000;
const MODELS = ['atlas-large', 'atlas-small', 'atlas-small', 'atlas-embed'] as const;
const REGIONS = ['eu-west', 'us-east'] as const;
/** Share of measurements that arrive days late, and of those sent a second time. */
const LATE_SHARE = 0.01;
const DUPLICATE_SHARE = 0.005;

export type DemoMeasurement = {
  readonly uid: string;
  readonly meter: string;
  readonly account: string;
  readonly ts: string;
  readonly what?: Readonly<Record<string, string>>;
  readonly where?: Readonly<Record<string, string>>;
  readonly measure: Readonly<Record<string, number>>;
};

export type DemoUsage = { readonly measurements: readonly DemoMeasurement[]; readonly duplicates: number };

/** A small generator of numbers in [0, 1) that gives the same row for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Office hours are busy, nights and weekends are quiet. */
function rhythm(hourOfDay: number, dayOfWeek: number): number {
  const daily = 0.25 + 0.75 * Math.max(0, Math.sin(((hourOfDay - 6) / 14) * Math.PI));
  return daily * (dayOfWeek >= 5 ? 0.45 : 1);
}

/**
 * The measurements of all accounts in the order in which they are sent: mostly by time, some days late, some
 * twice. The same seed gives the same usage.
 */
export function demoUsage(accounts: readonly DemoAccount[], seed: number): DemoUsage {
  const random = seededRandom(seed);
  const sent: { readonly at: number; readonly measurement: DemoMeasurement }[] = [];
  let duplicates = 0;
  const send = (ts: number, measurement: Omit<DemoMeasurement, 'uid' | 'ts'>) => {
    const uid = `demo-${String(sent.length).padStart(7, '0')}`;
    const late = random() < LATE_SHARE ? random() * 72 * HOUR_MS : 0;
    const complete = { uid, ts: Temporal.Instant.fromEpochMilliseconds(ts).toString(), ...measurement };
    sent.push({ at: ts + late, measurement: complete });
    if (random() >= DUPLICATE_SHARE) return;
    duplicates += 1;
    sent.push({ at: ts + late + random() * HOUR_MS, measurement: complete });
  };
  for (let hour = 0; hour < USAGE_DAYS * 24; hour += 1) {
    for (const account of accounts) hourOfUsage({ account, hour, random, send });
  }
  sent.sort((a, b) => a.at - b.at);
  return { measurements: sent.map((item) => item.measurement), duplicates };
}

type Hour = {
  readonly account: DemoAccount;
  readonly hour: number;
  readonly random: () => number;
  readonly send: (ts: number, measurement: Omit<DemoMeasurement, 'uid' | 'ts'>) => void;
};

function hourOfUsage({ account, hour, random, send }: Hour): void {
  const start = USAGE_START_MS + hour * HOUR_MS;
  // 1 September 2026 is a Tuesday; Monday counts as 0.
  const dayOfWeek = (1 + Math.floor(hour / 24)) % 7;
  const busy = account.size * 2 * rhythm(hour % 24, dayOfWeek);
  const calls = Math.floor(busy + random());
  for (let i = 0; i < calls; i += 1) {
    const model = MODELS[Math.floor(random() * MODELS.length)] ?? MODELS[0];
    const region = REGIONS[Math.floor(random() * REGIONS.length)] ?? REGIONS[0];
    const input_tokens = Math.floor(2_000 + random() * 60_000);
    const output_tokens = Math.floor(500 + random() * 15_000);
    const ts = start + Math.floor(random() * HOUR_MS);
    send(ts, {
      meter: 'completions',
      account: account.code,
      what: { model },
      where: { region },
      measure: { input_tokens, output_tokens },
    });
  }
  if (account.plans.includes('tune') && random() < 0.3) {
    const measure = { gpu_seconds: Math.floor(600 + random() * 7_200) };
    send(start, { meter: 'training', account: account.code, what: { job: `job-${hour % 17}` }, measure });
  }
  if (account.plans.includes('vault') && hour % 6 === 0) {
    const gigabytes = Math.round(account.size * 20 + hour / 4 + random() * 10);
    send(start, { meter: 'vectors', account: account.code, measure: { gigabytes } });
  }
}
