import { sql } from 'kysely';
import type { IngestFailure } from '../../engine/metering/ingest-failure.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import type { BatchGroup } from './measurement-inbox.ts';

/** Which rows of which file the measurements of a batch are, by the id of the batch. */
export type UploadedPlaces = ReadonlyMap<string, UploadedPlace>;
export type UploadedPlace = { readonly uploadId: string; readonly rowNumbers: readonly number[] };

/** The batches of a group that are pieces of uploaded files. */
export async function uploadedPlaces(tx: Tx, group: BatchGroup): Promise<UploadedPlaces> {
  if (!group.batches.some(({ source }) => uuidFromText(source))) return new Map();
  const { rows } = await sql<UploadedPlace & { id: string }>`
    select id, source as upload_id, row_numbers from measurement_batch
    where insert_id = ${group.insertId} and row_numbers is not null order by id`.execute(tx);
  return new Map(rows.map(({ id, ...place }) => [id, place]));
}

type Finished = {
  readonly group: BatchGroup;
  readonly failures: readonly IngestFailure[];
  readonly uploaded: UploadedPlaces;
  readonly now: Instant;
};

/**
 * Counts the rows of a finished group for the files they came from; the last ones end the job (spec 20 §9).
 */
export async function countUploadedRows(tx: Tx, { group, failures, uploaded, now }: Finished): Promise<void> {
  const counts = new Map<string, { processed: number; failed: number }>();
  for (const [batch, { id }] of group.batches.entries()) {
    const place = uploaded.get(id);
    if (!place) continue;
    const count = counts.get(place.uploadId) ?? { processed: 0, failed: 0 };
    const rejected = failures.filter((one) => one.batch === batch && one.type !== 'CalculationError');
    counts.set(place.uploadId, {
      processed: count.processed + place.rowNumbers.length,
      failed: count.failed + rejected.length,
    });
  }
  for (const [id, { processed, failed }] of [...counts].sort()) {
    await sql`update measurement_upload set processed_rows = processed_rows + ${processed},
        failed_rows = failed_rows + ${failed}, version = version + 1, dt_last_modified = ${now},
        status = case when status = 'running' and is_read and processed_rows + ${processed} = total_rows
          then 'succeeded' else status end
      where org_id = ${group.orgId} and id = ${id}`.execute(tx);
  }
}
