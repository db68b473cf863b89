import type { Context } from '../../context.ts';
import type { BackgroundLoop } from '../../jobs/background-loop.ts';
import { calmMs } from './measurement-inbox.ts';
import { finishUnfinishedGroups, storeNextGroup } from './store-group.ts';

/** How long accepted measurements wait at the most before an idle worker looks for them. */
const IDLE_MS = 100;
/** How often groups of dead workers are looked for. */
const RECOVERY_MS = 5_000;
/** Groups in work at a time: while the stores work on one, this process prepares the next. */
const LANES = 3;
/** A burst has ended when submissions have not crowded for this long. */
const CALM_MS = 50;
/** How long the pump gives way to a burst, which the inbox absorbs meanwhile. */
const BURST_PATIENCE_MS = 25_000;
const BURST_PAUSE_MS = 10;
/** How long a failure is given to pass. */
const FAILURE_PAUSE_MS = 1_000;

/**
 * Moves accepted measurements from the inbox into ClickHouse, group by group, as long as there are any.
 * Several processes may each run one: batches are locked while they are in work, and those of a dead
 * process are taken over (decision 0007). `stop` ends it after the group in work.
 */
export function startMeasurementPump(ctx: Context): BackgroundLoop {
  const lanes = Array.from({ length: LANES }, (_, lane) => {
    const state = {
      stopping: false,
      isRecovering: lane === 0,
      patienceMs: BURST_PATIENCE_MS,
      wake: () => {},
    };
    return { state, done: pump(ctx, state) };
  });
  return {
    stop: async () => {
      for (const { state } of lanes) {
        state.stopping = true;
        state.wake();
      }
      await Promise.all(lanes.map(({ done }) => done));
    },
  };
}

type PumpState = {
  stopping: boolean;
  readonly isRecovering: boolean;
  /** Left for bursts until the inbox has been emptied. */
  patienceMs: number;
  wake: () => void;
};

async function pump(ctx: Context, state: PumpState): Promise<void> {
  // By a clock that is never set: one set back would put recovery off.
  let nextRecoveryMs = 0;
  while (!state.stopping) {
    let pauseMs = IDLE_MS;
    try {
      const nowMs = performance.now();
      if (state.isRecovering && nowMs >= nextRecoveryMs) {
        nextRecoveryMs = nowMs + RECOVERY_MS;
        await finishUnfinishedGroups(ctx);
      }
      await burstEnd(ctx, state);
      if (await storeNextGroup(ctx)) pauseMs = 0;
      else state.patienceMs = BURST_PATIENCE_MS;
    } catch (error) {
      ctx.log.error({ err: error }, 'measurements could not be stored yet, they stay in the inbox');
      nextRecoveryMs = 0;
      pauseMs = FAILURE_PAUSE_MS;
    }
    if (pauseMs > 0 && !state.stopping) await pause(state, pauseMs);
  }
}

/**
 * Clients wait for acceptance and nobody for the pump, so a burst goes first. One that does not end is
 * slowed down by the pump's work, and the inbox cannot grow without bound.
 */
async function burstEnd(ctx: Context, state: PumpState): Promise<void> {
  while (!state.stopping && state.patienceMs > 0 && calmMs(ctx) < CALM_MS) {
    await pause(state, BURST_PAUSE_MS);
    state.patienceMs -= BURST_PAUSE_MS;
  }
}

function pause(state: PumpState, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    state.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
