import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Call, LoadClient } from './load.ts';

/** A load that does not wait for answers: batches go out at a fixed rate, however long they take. */
export type SustainedPlan = {
  readonly measurementsPerSecond: number;
  readonly seconds: number;
  readonly batch: number;
  readonly call: (index: number) => Call;
  /** How many measurements of this load can be queried now. */
  readonly queryable: () => Promise<number>;
};

/**
 * Latencies count from the moment when a batch was due. The backlog is what was accepted and could not be
 * queried when the last answer came; the lag is how long it took from then until all could be.
 */
export type SustainedResult = {
  readonly offeredPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly backlogHalfway: number;
  readonly backlog: number;
  readonly lagSeconds: number;
};

/** Throws on any answer that is not 200. */
export async function sustainedLoad(load: LoadClient, plan: SustainedPlan): Promise<SustainedResult> {
  const batches = Math.max(1, Math.round((plan.measurementsPerSecond * plan.seconds) / plan.batch));
  const sent = { accepted: 0 };
  const started = performance.now();
  const sending = paced(load, { plan, batches, started, sent });
  await sleep(plan.seconds * 500);
  const backlogHalfway = sent.accepted * plan.batch - (await plan.queryable());
  const latencies = (await Promise.all(await sending)).sort((a, b) => a - b);
  const ended = performance.now();
  const backlog = batches * plan.batch - (await plan.queryable());
  await untilAll(plan, batches * plan.batch);
  const at = (share: number) => latencies[Math.min(batches - 1, Math.floor(batches * share))] ?? 0;
  return {
    offeredPerSecond: plan.measurementsPerSecond,
    acceptedPerSecond: (batches * plan.batch * 1000) / (ended - started),
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    backlogHalfway,
    backlog,
    lagSeconds: (performance.now() - ended) / 1000,
  };
}

type Pace = {
  readonly plan: SustainedPlan;
  readonly batches: number;
  readonly started: number;
  readonly sent: { accepted: number };
};

/** Answers the latencies to be when all have been sent. */
async function paced(load: LoadClient, { plan, batches, started, sent }: Pace): Promise<Promise<number>[]> {
  const intervalMs = (plan.batch * 1000) / plan.measurementsPerSecond;
  const answers: Promise<number>[] = [];
  for (let index = 0; index < batches; index += 1) {
    const dueMs = started + index * intervalMs;
    const call = plan.call(index);
    if (performance.now() < dueMs) await sleep(dueMs - performance.now());
    answers.push(answered(load, call, dueMs).finally(() => (sent.accepted += 1)));
  }
  return answers;
}

async function answered(load: LoadClient, call: Call, dueMs: number): Promise<number> {
  const { status, text } = await load.send(call);
  if (status !== 200) throw new Error(`${call.path} answered ${status}: ${text.slice(0, 200)}`);
  return performance.now() - dueMs;
}

const PATIENCE_SECONDS = 600;

async function untilAll({ queryable }: SustainedPlan, wanted: number): Promise<void> {
  const end = performance.now() + PATIENCE_SECONDS * 1000;
  while (performance.now() < end) {
    if ((await queryable()) >= wanted) return;
    await sleep(100);
  }
  throw new Error(`${wanted} measurements were not queryable within ${PATIENCE_SECONDS} s`);
}
