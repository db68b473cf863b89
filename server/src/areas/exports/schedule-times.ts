import { CronExpressionParser } from 'cron-parser';
import { type Instant, platformDate, Temporal } from '../../kernel/time.ts';

/** When a schedule runs: every so many minutes, hours or days, or as a cron expression says; all in UTC. */
export type Rhythm =
  | {
      readonly scheduleType: 'MINUTE' | 'HOUR' | 'DAY';
      readonly period: number;
      /** Hours of the day with DAY, minutes of the hour with HOUR. */
      readonly offset: number | null;
    }
  | { readonly cronExpression: string };

/** The runs on either side of a moment. */
export type Runs = {
  /** The latest run that is not after the moment; null when none is due yet. */
  readonly latest: Instant | null;
  readonly next: Instant;
};

const UNIT_MINUTES = { MINUTE: 1, HOUR: 60, DAY: 24 * 60 } as const;
const MINUTE_NS = 60_000_000_000n;

/**
 * The runs around a moment of a rhythm that counts from `anchor` (spec 60 §8.2): run n is at anchor + n
 * periods, n from 1. With an offset it falls on that hour of the n-th day, or that minute of the n-th hour.
 * Created at 10:20 with HOUR, period 2, offset 5: 12:05, 14:05 and so on.
 */
export function runsAround(rhythm: Rhythm, { anchor, at }: { anchor: Instant; at: Instant }): Runs {
  if ('cronExpression' in rhythm) return cronRuns(rhythm.cronExpression, { anchor, at });
  const period = BigInt(rhythm.period * UNIT_MINUTES[rhythm.scheduleType]) * MINUTE_NS;
  const start = runZero(rhythm, anchor).epochNanoseconds;
  const passed = (at.epochNanoseconds - start) / period;
  const run = (n: bigint) => Temporal.Instant.fromEpochNanoseconds(start + n * period);
  // Division of a moment before the start gives 0 or less: no run is due.
  return passed > 0n ? { latest: run(passed), next: run(passed + 1n) } : { latest: null, next: run(1n) };
}

/** What the periods are added to: the anchor, or the offset in the anchor's own day or hour. */
function runZero(rhythm: Exclude<Rhythm, { cronExpression: string }>, anchor: Instant): Instant {
  const { scheduleType, offset } = rhythm;
  if (offset === null || scheduleType === 'MINUTE') return anchor;
  const moment = anchor.toZonedDateTimeISO('UTC');
  if (scheduleType === 'DAY') return moment.startOfDay().add({ hours: offset }).toInstant();
  const hour = moment.round({ smallestUnit: 'hour', roundingMode: 'floor' });
  return hour.add({ minutes: offset }).toInstant();
}

function cronRuns(expression: string, { anchor, at }: { anchor: Instant; at: Instant }): Runs {
  // The parser looks strictly before and after: a run at the moment itself is the latest.
  const currentDate = platformDate(at.add({ milliseconds: 1 }));
  const cron = CronExpressionParser.parse(expression, { tz: 'UTC', currentDate });
  const next = instantOf(cron.next());
  cron.reset();
  const latest = instantOf(cron.prev());
  return { latest: Temporal.Instant.compare(latest, anchor) > 0 ? latest : null, next };
}

function instantOf(date: { getTime(): number }): Instant {
  return Temporal.Instant.fromEpochMilliseconds(date.getTime());
}

const MIN_GAP_MINUTES = 15;
const DAY_MINUTES = UNIT_MINUTES.DAY;
const DAY_MS = 86_400_000;
/** Matching days that are looked at for two on end: more than a year of them. */
const DAYS_LOOKED_AT = 400;

/**
 * Why a cron expression is refused, to be read behind the field's name; null when it is fine: five fields in
 * UTC with runs at least 15 minutes apart (spec 60 §8.2).
 */
export function cronRefusal(expression: string, now: Instant): string | null {
  const parts = expression.trim().split(/\s+/);
  // The parser also takes seconds, nicknames and `H` for a time of its own choice.
  if (parts.length !== 5 || parts.some((part) => /^@|(?:^|,)H/i.test(part))) return FIVE_FIELDS;
  try {
    const options = { tz: 'UTC', currentDate: platformDate(now) };
    const { fields } = CronExpressionParser.parse(expression, options);
    const times = fields.hour.values.flatMap((hour) =>
      fields.minute.values.map((minute) => hour * 60 + minute),
    );
    const tooClose = hasCloseTimes(times) || (wrapsClosely(times) && hasDaysOnEnd(parts, now));
    // Some expressions parse and never match.
    runsAround({ cronExpression: expression }, { anchor: now, at: now });
    return tooClose ? `must leave at least ${MIN_GAP_MINUTES} minutes between runs` : null;
  } catch {
    return FIVE_FIELDS;
  }
}

const FIVE_FIELDS = 'must be a cron expression of five fields: minute, hour, day, month, weekday';

function hasCloseTimes(times: readonly number[]): boolean {
  return times.some((time, i) => i > 0 && time - (times[i - 1] ?? 0) < MIN_GAP_MINUTES);
}

function wrapsClosely(times: readonly number[]): boolean {
  return (times[0] ?? 0) + DAY_MINUTES - (times.at(-1) ?? 0) < MIN_GAP_MINUTES;
}

function hasDaysOnEnd(parts: readonly string[], now: Instant): boolean {
  const daily = CronExpressionParser.parse(['0', '0', ...parts.slice(2)].join(' '), {
    tz: 'UTC',
    currentDate: platformDate(now),
  });
  let before = daily.next().getTime();
  for (let i = 1; i < DAYS_LOOKED_AT; i += 1) {
    const day = daily.next().getTime();
    if (day - before === DAY_MS) return true;
    before = day;
  }
  return false;
}
