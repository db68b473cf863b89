import type { ZodType } from 'zod';
import type { Context } from '../context.ts';

/**
 * A kind of job, declared once and listed in the registry. `run` may be called twice for one job (a killed
 * process, a failure after its work was done), so it leaves the same state as after one call. A throw means:
 * again later.
 */
export type Task<Payload = unknown> = {
  /** A camelCase verb; it is stored with the jobs, so a released name stays. */
  readonly name: string;
  /** What a job carries: plain JSON, so dates and amounts as text. */
  readonly payload: ZodType<Payload>;
  run(ctx: Context, payload: Payload): Promise<void>;
};

/** Declares a task: a plain value whose payload type follows from its schema. */
export function defineTask<Payload>(task: Task<Payload>): Task<Payload> {
  return task;
}
