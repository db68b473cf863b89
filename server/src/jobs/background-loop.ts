/**
 * Work that goes on as long as the process does, beside the jobs. `stop` resolves when nothing of it runs any
 * more.
 */
export type BackgroundLoop = { stop(): Promise<void> };

export type Repetition = {
  /** Does the next piece of work; answers whether there was any. */
  readonly step: () => Promise<boolean>;
  /** How long to rest when there was none. */
  readonly idleMs: number;
  /** How long a failure is given to pass. */
  readonly failurePauseMs: number;
  readonly onError: (error: unknown) => void;
};

/** Repeats a step until it is stopped, without a pause while there is work. */
export function repeated(repetition: Repetition): BackgroundLoop {
  const state = { stopping: false, wake: () => {} };
  const done = repeat(repetition, state);
  return {
    stop: async () => {
      state.stopping = true;
      state.wake();
      await done;
    },
  };
}

type LoopState = { stopping: boolean; wake: () => void };

async function repeat(
  { step, idleMs, failurePauseMs, onError }: Repetition,
  state: LoopState,
): Promise<void> {
  while (!state.stopping) {
    let pauseMs = idleMs;
    try {
      if (await step()) pauseMs = 0;
    } catch (error) {
      onError(error);
      pauseMs = failurePauseMs;
    }
    if (pauseMs > 0 && !state.stopping) await pause(state, pauseMs);
  }
}

function pause(state: LoopState, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    state.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
