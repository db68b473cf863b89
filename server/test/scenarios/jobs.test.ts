import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Context } from '../../src/context.ts';
import { enqueue } from '../../src/jobs/enqueue.ts';
import { defineTask, type Task } from '../../src/jobs/task.ts';
import { startWorker } from '../../src/jobs/worker.ts';
import { Decimal } from '../../src/kernel/decimal.ts';
import { currentInstant } from '../../src/kernel/time.ts';
import { openTestContext } from '../support/stores.ts';

let ctx: Context;
beforeAll(async () => {
  ctx = await openTestContext({ logLevel: 'silent' });
});
afterAll(() => ctx.close());

const payload = z.object({ name: z.string(), size: z.number().optional() });
type Payload = z.infer<typeof payload>;

/** A task of its own for each test, which notes what it was called with. */
function noting(name: string, run: (payload: Payload) => void = () => {}) {
  const calls: Payload[] = [];
  const task: Task<Payload> = defineTask({
    name,
    payload,
    async run(_ctx, given) {
      calls.push(given);
      run(given);
    },
  });
  return { task, calls };
}

async function working(task: Task<Payload>, meanwhile: () => Promise<void>): Promise<void> {
  const worker = await startWorker(ctx, { tasks: [task as Task], cronLines: [] });
  try {
    await meanwhile();
  } finally {
    await worker.stop();
  }
}

async function jobsOf(task: Task<Payload>) {
  const { rows } = await sql<{ attempts: number; lastError: string | null; lockedBy: string | null }>`
    select attempts, last_error, locked_by from graphile_worker.jobs
    where task_identifier = ${task.name}`.execute(ctx.db);
  return rows;
}

describe('a job', () => {
  test('runs once its transaction has committed, with its payload as JSON', async () => {
    const { task, calls } = noting('noteCommitted');
    await working(task, async () => {
      await ctx.db.transaction().execute((tx) => enqueue(tx, { task, payload: { name: 'a', size: 2 } }));
      await vi.waitFor(() => expect(calls).toEqual([{ name: 'a', size: 2 }]), { timeout: 5_000 });
    });
    expect(await jobsOf(task)).toEqual([]);
  });

  test('does not exist when its transaction is rolled back', async () => {
    const { task } = noting('noteRolledBack');
    const doomed = ctx.db.transaction().execute(async (tx) => {
      await enqueue(tx, { task, payload: { name: 'a' } });
      throw new Error('undo');
    });
    await expect(doomed).rejects.toThrow('undo');
    expect(await jobsOf(task)).toEqual([]);
  });

  test('takes the place of a waiting one with the same key', async () => {
    const { task, calls } = noting('noteKeyed');
    await ctx.db.transaction().execute(async (tx) => {
      await enqueue(tx, { task, payload: { name: 'first' }, jobKey: 'key' });
      await enqueue(tx, { task, payload: { name: 'second' }, jobKey: 'key' });
    });
    await working(task, async () => {
      await vi.waitFor(() => expect(calls).toEqual([{ name: 'second' }]), { timeout: 5_000 });
    });
  });

  test('waits for its time', async () => {
    const { task, calls } = noting('noteLater');
    const runAt = currentInstant().add({ hours: 1 });
    await ctx.db.transaction().execute(async (tx) => {
      await enqueue(tx, { task, payload: { name: 'later' }, runAt });
      await enqueue(tx, { task, payload: { name: 'now' } });
    });
    await working(task, async () => {
      await vi.waitFor(() => expect(calls).toEqual([{ name: 'now' }]), { timeout: 5_000 });
    });
    expect(await jobsOf(task)).toHaveLength(1);
  });

  test('that fails is kept with its error for another try', async () => {
    const { task, calls } = noting('noteFailing', () => {
      throw new Error('not today');
    });
    await ctx.db.transaction().execute((tx) => enqueue(tx, { task, payload: { name: 'a' } }));
    await working(task, async () => {
      await vi.waitFor(() => expect(calls).toHaveLength(1), { timeout: 5_000 });
    });
    expect(await jobsOf(task)).toMatchObject([
      { attempts: 1, lastError: expect.stringContaining('not today') },
    ]);
  });

  test('with a payload that does not fit its task fails without running it', async () => {
    const { task, calls } = noting('noteBadPayload');
    const bad = { name: new Decimal(1) } as unknown as Payload;
    await ctx.db.transaction().execute((tx) => enqueue(tx, { task, payload: bad }));
    await working(task, async () => {
      await expect.poll(async () => (await jobsOf(task))[0]?.lastError, { timeout: 5_000 }).toContain('name');
    });
    expect(calls).toEqual([]);
  });
});

describe('the jobs of another worker', () => {
  async function lockedBy(task: Task<Payload>, worker: string, seconds: number): Promise<void> {
    const ofTask = sql`(select id from graphile_worker._private_tasks where identifier = ${task.name})`;
    await sql`update graphile_worker._private_jobs
      set locked_by = ${worker}, locked_at = now() - make_interval(secs => ${seconds}), attempts = 1
      where task_id in ${ofTask}`.execute(ctx.db);
  }

  test('are taken over when its process is gone', async () => {
    const { task, calls } = noting('noteOrphaned');
    await ctx.db.transaction().execute((tx) => enqueue(tx, { task, payload: { name: 'orphan' } }));
    await lockedBy(task, 'worker-of-the-dead', 60);
    await working(task, async () => {
      await vi.waitFor(() => expect(calls).toEqual([{ name: 'orphan' }]), { timeout: 5_000 });
    });
  });

  test('are left to it while its process lives', async () => {
    const { task, calls } = noting('noteOwned');
    await ctx.db.transaction().execute((tx) => enqueue(tx, { task, payload: { name: 'owned' } }));
    await lockedBy(task, 'worker-of-the-living', 60);
    await ctx.db.connection().execute(async (session) => {
      const key = sql`hashtextextended('worker-of-the-living', 0)`;
      await sql`select pg_advisory_lock_shared(${key})`.execute(session);
      const other = noting('noteOther');
      await ctx.db
        .transaction()
        .execute((tx) => enqueue(tx, { task: other.task, payload: { name: 'free' } }));
      await working(other.task, async () => {
        await vi.waitFor(() => expect(other.calls).toHaveLength(1), { timeout: 5_000 });
      });
      await sql`select pg_advisory_unlock_shared(${key})`.execute(session);
    });
    expect(calls).toEqual([]);
    expect(await jobsOf(task)).toMatchObject([{ lockedBy: 'worker-of-the-living' }]);
  });
});

test('a stop lets the running job end', async () => {
  let finished = false;
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const task = defineTask({
    name: 'noteSlow',
    payload,
    async run() {
      begin();
      await new Promise((resolve) => setTimeout(resolve, 300));
      finished = true;
    },
  });
  await ctx.db.transaction().execute((tx) => enqueue(tx, { task, payload: { name: 'slow' } }));
  await working(task, async () => begun);
  expect(finished).toBe(true);
  expect(await jobsOf(task)).toEqual([]);
});
