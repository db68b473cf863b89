import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import {
  failedIngestFile,
  type IngestFailure,
  ingestFailurePayload,
} from '../../engine/metering/ingest-failure.ts';
import { present } from '../../kernel/assert.ts';
import { newId, SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { writeJsonWithNulls } from '../../kernel/json.ts';
import type { Tx } from '../../store/database.ts';
import { recordEvents } from '../../store/outbox.ts';
import type { BatchGroup } from './measurement-inbox.ts';
import { submittedDocuments } from './submitted-group.ts';

type Failures = { readonly group: BatchGroup; readonly failures: readonly IngestFailure[] };

/**
 * Writes one `ingest.validation.failure` event for every failure, and beside it the failure file with the
 * measurement as it was submitted (spec 20 §8).
 */
export async function recordFailures(ctx: Context, tx: Tx, { group, failures }: Failures): Promise<void> {
  if (failures.length === 0) return;
  const { orgId } = group;
  const submitted = submittedDocuments(group);
  const files = failures.map((failure) => {
    const { receivedAt } = present(group.batches[failure.batch], 'the batch of a failure');
    const id = newId();
    const path = `/organizations/${orgId}/measurements/failedIngest/getDownloadUrl?file=${id}`;
    const attributes = ingestFailurePayload(failure, receivedAt, `${ctx.config.publicUrl}${path}`);
    const document = writeJsonWithNulls(failedIngestFile(failure, submitted(failure), receivedAt));
    return { id, attributes, document };
  });
  const ids = files.map((file) => file.id);
  const documents = files.map((file) => file.document);
  await sql`insert into failed_measurement (org_id, id, received_at, document)
    select ${orgId}, file.id, ${String(ctx.clock.now())}, file.document::jsonb
    from unnest(${ids}::uuid[], ${documents}::text[]) as file (id, document)`.execute(tx);
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
  const events = files.map(({ attributes }) => ({ name: 'ingest.validation.failure', attributes }));
  await recordEvents(tx, writer, events);
}
