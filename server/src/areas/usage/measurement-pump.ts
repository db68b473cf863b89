import type { Context } from '../../context.ts';
import type { BackgroundLoop } from '../../jobs/background-loop.ts';
import { finishUnfinishedGroups, storeNextGroup } from './store-group.ts';

/** How long accepted measurements wait at the most before an idle worker looks for them. */
const IDLE_MS = 100;
/** How often groups of dead workers are looked for. */
const RECOVERY_MS = 5_000;
/** How long a failure is given to pass. */
const FAILURE_PAUSE_MS = 1_000;

/**
 * Moves accepted measurements from the inbox into ClickHouse, group by group, as long as there are any.
 * Several processes may each run one: batches are locked while they are in work, and those of a dead
 * process are taken over (decision 0007). `stop` ends it after the group in work.
 */
export function startMeasurementPump(ctx: Context): BackgroundLoop {
  const state = { stopping: false, wake: () => {} };
  const done = pump(ctx, state);
  return {
    stop: async () => {
      state.stopping = true;
      state.wake();
      await done;
    },
  };
}

type PumpState = { stopping: boolean; wake: () => void };

async function pump(ctx: Context, state: PumpState): Promise<void> {
  // By a clock that is never set: one set back would put recovery off.
  let nextRecoveryMs = 0;
  while (!state.stopping) {
    let pauseMs = IDLE_MS;
    try {
      const nowMs = performance.now();
      if (nowMs >= nextRecoveryMs) {
        nextRecoveryMs = nowMs + RECOVERY_MS;
        await finishUnfinishedGroups(ctx);
      }
      if (await storeNextGroup(ctx)) pauseMs = 0;
    } catch (error) {
      ctx.log.error({ err: error }, 'measurements could not be stored yet, they stay in the inbox');
      nextRecoveryMs = 0;
      pauseMs = FAILURE_PAUSE_MS;
    }
    if (pauseMs > 0 && !state.stopping) await pause(state, pauseMs);
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
