import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { defineTask } from '../../jobs/task.ts';
import { newId } from '../../kernel/ids.ts';
import { FileFault, type Piece } from '../../ports/files/text-lines.ts';
import type { Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { type MeasurementUpload, uploadFileKey } from './measurement-upload.ts';
import { recordFailedRows } from './record-failures.ts';
import { uploadRows } from './upload-rows.ts';
import { type CheckedRows, checkedRows } from './uploaded-rows.ts';

const MAX_BATCH_ROWS = 1000;
const MAX_BATCH_BYTES = 2_000_000;
/** Rows that may wait in the inbox before reading goes on. */
const MAX_WAITING_ROWS = 20_000;
const WAITING_PAUSE_MS = 100;

type UploadKey = { readonly orgId: string; readonly id: string };

/**
 * Reads an uploaded file piece by piece into the inbox (spec 20 §9). How many rows have been read is stored
 * in the transaction that stores them, so a file that is read again after a crash goes on behind them, and of
 * two readers one gives up. Rows that fail their checks become failure events at once; the others are counted
 * when they have been enriched (`upload-progress.ts`).
 */
export const readMeasurementUpload = defineTask({
  name: 'readMeasurementUpload',
  payload: z.object({ orgId: z.string(), id: z.string() }),
  run: async (ctx, key) => {
    const upload = await runningUpload(ctx, key);
    if (!upload) return;
    try {
      const isWhole = await readRows(ctx, upload);
      if (isWhole) await endReading(ctx, key);
    } catch (error) {
      if (!(error instanceof FileFault)) throw error;
      await failUpload(ctx, key, error.message);
    }
  },
});

async function runningUpload({ db }: Context, { orgId, id }: UploadKey): Promise<MeasurementUpload | null> {
  const { rows } = await sql<MeasurementUpload>`
    select * from measurement_upload
    where org_id = ${orgId} and id = ${id} and status = 'running' and not is_read`.execute(db);
  return rows[0] ?? null;
}

/** False when another reader has taken over. */
async function readRows(ctx: Context, upload: MeasurementUpload): Promise<boolean> {
  const content = await ctx.files.read(uploadFileKey(upload));
  if (content === null) throw new FileFault('the file is no longer kept');
  const size = await ctx.files.size(uploadFileKey(upload));
  if (size !== upload.contentLength) throw new FileFault('the file has not the announced length');
  try {
    let read = 0;
    let pieces: Piece[] = [];
    let bytes = 0;
    for await (const piece of uploadRows(content, upload.fileName)) {
      read += 1;
      if (read <= upload.totalRows) continue;
      pieces.push(piece);
      bytes += piece.text?.length ?? 0;
      if (pieces.length < MAX_BATCH_ROWS && bytes < MAX_BATCH_BYTES) continue;
      if (!(await takeRows(ctx, upload, { pieces, before: read - pieces.length }))) return false;
      pieces = [];
      bytes = 0;
    }
    return pieces.length === 0 || takeRows(ctx, upload, { pieces, before: read - pieces.length });
  } finally {
    content.destroy();
  }
}

type Portion = { readonly pieces: readonly Piece[]; readonly before: number };

/** Takes rows over in one transaction; false when the file is not where this reader left it. */
async function takeRows(ctx: Context, upload: MeasurementUpload, portion: Portion): Promise<boolean> {
  await roomInInbox(ctx, upload);
  const now = ctx.clock.now();
  const checked = checkedRows(portion.pieces, now);
  const [rows, failed] = [portion.pieces.length, checked.failed.length];
  return inTransaction(ctx.db, async (tx) => {
    const { numAffectedRows } = await sql`
      update measurement_upload set total_rows = total_rows + ${rows},
        processed_rows = processed_rows + ${failed}, failed_rows = failed_rows + ${failed},
        version = version + 1, dt_last_modified = ${now}
      where org_id = ${upload.orgId} and id = ${upload.id} and status = 'running'
        and total_rows = ${portion.before}`.execute(tx);
    if (numAffectedRows !== 1n) return false;
    await acceptRows(tx, upload, checked);
    const { orgId, id } = upload;
    await recordFailedRows(ctx, tx, { orgId, uploadId: id, receivedAt: now, rows: checked.failed });
    return true;
  });
}

async function acceptRows(tx: Tx, { orgId, id }: MeasurementUpload, checked: CheckedRows): Promise<void> {
  const { valid, receivedAt } = checked;
  if (valid.length === 0) return;
  const body = `{"measurements":[${valid.map((row) => row.text).join(',')}]}`;
  const numbers = valid.map((row) => row.number);
  await sql`insert into measurement_batch
      (id, org_id, received_at, source, measurement_count, body, row_numbers)
    values (${newId()}, ${orgId}, ${String(receivedAt)}, ${id}, ${valid.length}, ${body},
            ${numbers}::int[])`.execute(tx);
}

async function roomInInbox(ctx: Context, { orgId, id }: MeasurementUpload): Promise<void> {
  for (;;) {
    const { rows } = await sql<{ waiting: number }>`
      select total_rows - processed_rows as waiting from measurement_upload
      where org_id = ${orgId} and id = ${id}`.execute(ctx.db);
    if ((rows[0]?.waiting ?? 0) < MAX_WAITING_ROWS) return;
    await sleep(WAITING_PAUSE_MS);
  }
}

async function endReading(ctx: Context, { orgId, id }: UploadKey): Promise<void> {
  await sql`update measurement_upload set is_read = true, version = version + 1,
      status = case when processed_rows = total_rows then 'succeeded' else status end,
      dt_last_modified = ${String(ctx.clock.now())}
    where org_id = ${orgId} and id = ${id} and status = 'running'`.execute(ctx.db);
}

async function failUpload(ctx: Context, { orgId, id }: UploadKey, reason: string): Promise<void> {
  await sql`update measurement_upload set status = 'failed', version = version + 1,
      failure_reason = ${reason.slice(0, 1000)}, dt_last_modified = ${String(ctx.clock.now())}
    where org_id = ${orgId} and id = ${id} and status = 'running'`.execute(ctx.db);
}
