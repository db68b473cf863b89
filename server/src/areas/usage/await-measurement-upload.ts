import { sql } from 'kysely';
import { z } from 'zod';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask, type Task } from '../../jobs/task.ts';
import { currentInstant } from '../../kernel/time.ts';
import { pauseBeforeNextLook } from '../../ports/files/upload-wait.ts';
import { inTransaction } from '../../store/transaction.ts';
import { type MeasurementUpload, uploadFileKey } from './measurement-upload.ts';
import { readMeasurementUpload } from './read-measurement-upload.ts';

/** Files are read one after the other, so that they leave workers for other jobs (spec 20 §9). */
const QUEUE = 'measurementUploads';

const payload = z.object({ orgId: z.string(), id: z.string() });

/**
 * Looks whether the file of an upload link has arrived: then it is to be read, else it looks again later,
 * until it cannot come any more and the job stays `notUploaded`.
 */
export const awaitMeasurementUpload: Task<z.output<typeof payload>> = defineTask({
  name: 'awaitMeasurementUpload',
  payload,
  run: async (ctx, key) => {
    const { rows } = await sql<Pick<MeasurementUpload, 'linkEnds'>>`
      select link_ends from measurement_upload
      where org_id = ${key.orgId} and id = ${key.id} and status = 'notUploaded'`.execute(ctx.db);
    const [upload] = rows;
    if (!upload?.linkEnds) return;
    const hasArrived = (await ctx.files.size(uploadFileKey(key))) !== null;
    const pauseMs = hasArrived ? 0 : pauseBeforeNextLook(upload.linkEnds, ctx.clock.now());
    if (pauseMs === null) return;
    await inTransaction(ctx.db, async (tx) => {
      if (!hasArrived) {
        const runAt = currentInstant().add({ milliseconds: pauseMs });
        await enqueue(tx, { task: awaitMeasurementUpload, payload: key, runAt });
        return;
      }
      const { numAffectedRows } = await sql`
        update measurement_upload
        set status = 'running', version = version + 1, dt_last_modified = ${String(ctx.clock.now())}
        where org_id = ${key.orgId} and id = ${key.id} and status = 'notUploaded'`.execute(tx);
      if (numAffectedRows === 1n) {
        await enqueue(tx, { task: readMeasurementUpload, payload: key, queue: QUEUE });
      }
    });
  },
});
