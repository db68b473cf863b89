import { sql } from 'kysely';
import { jsonFromBody } from '../../api/body.ts';
import type { Context } from '../../context.ts';
import {
  failedIngestFile,
  type IngestFailure,
  ingestFailurePayload,
} from '../../engine/metering/ingest-failure.ts';
import { present } from '../../kernel/assert.ts';
import { newId, SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { writeJsonWithNulls } from '../../kernel/json.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import { recordEvents } from '../../store/outbox.ts';
import type { BatchGroup } from './measurement-inbox.ts';
import { submittedDocuments } from './submitted-group.ts';
import type { UploadedPlaces } from './upload-progress.ts';
import type { FailedRow } from './uploaded-rows.ts';

type Failures = {
  readonly group: BatchGroup;
  readonly failures: readonly IngestFailure[];
  /** Rows of files that batches of the group were made of. */
  readonly uploaded: UploadedPlaces;
};

/**
 * Writes one `ingest.validation.failure` event for every failure, and beside it the failure file with the
 * measurement as it was submitted (spec 20 §8).
 */
export async function recordFailures(
  ctx: Context,
  tx: Tx,
  { group, failures, uploaded }: Failures,
): Promise<void> {
  if (failures.length === 0) return;
  const submitted = submittedDocuments(group);
  const files = failures.map((failure) => {
    const { receivedAt, id } = present(group.batches[failure.batch], 'the batch of a failure');
    const place = uploaded.get(id);
    return {
      document: failedIngestFile(failure, submitted(failure), receivedAt),
      attributes: (link: string) => ({
        ...ingestFailurePayload(failure, receivedAt, link),
        ...(place && { row: place.rowNumbers[failure.position], fileUploadJobId: place.uploadId }),
      }),
    };
  });
  await writeFailures(ctx, tx, { orgId: group.orgId, files });
}

export type FailedRows = {
  readonly orgId: string;
  /** Null for what did not come from a file. */
  readonly uploadId: string | null;
  readonly receivedAt: Instant;
  readonly rows: readonly UnplacedRow[];
};

type UnplacedRow = Omit<FailedRow, 'number'> & { readonly number: number | null };

/** As `recordFailures`, for rows of a file that are no measurements (spec 20 §9). */
export async function recordFailedRows(
  ctx: Context,
  tx: Tx,
  { orgId, uploadId, receivedAt, rows }: FailedRows,
): Promise<void> {
  if (rows.length === 0) return;
  const received = receivedAt.toString({ fractionalSecondDigits: 3 });
  const files = rows.map((row) => {
    const { type, errors, number } = row;
    const message = errors.map((error) => `${error.field} ${error.message}`.trim()).join('; ');
    const measurement = storableRow(row.text ?? '');
    const document = {
      errors: errors.map((error) => ({ type, ...error })),
      measurement,
      receivedAt: received,
    };
    const fields = errors.flatMap((error) => (error.field === '' ? [] : error.field));
    const place = uploadId === null ? {} : { row: number, fileUploadJobId: uploadId };
    const facts = { type, message, fields, ...place, receivedAt: received };
    const named = namedIn(measurement);
    return { document, attributes: (link: string) => ({ ...facts, ...named, getDownloadUrl: link }) };
  });
  await writeFailures(ctx, tx, { orgId, files });
}

/** The row as a value with all its digits; as text when it cannot be kept as one. */
function storableRow(text: string): unknown {
  try {
    return jsonFromBody(text);
  } catch {
    return text.slice(0, 10_000);
  }
}

/** What the row says of itself, as far as it is text. */
function namedIn(row: unknown): Row {
  const { meter, account, uid, ts } = (typeof row === 'object' && row !== null ? row : {}) as Row;
  const texts = { meterCode: meter, accountCode: account, uid, ts };
  return Object.fromEntries(
    Object.entries(texts).filter(([, value]) => typeof value === 'string' && value.length <= 200),
  );
}

type FailureFiles = {
  readonly orgId: string;
  readonly files: readonly {
    readonly document: object;
    /** What the event says, given the address of the file. */
    readonly attributes: (link: string) => Row;
  }[];
};

export async function writeFailures(ctx: Context, tx: Tx, { orgId, files }: FailureFiles): Promise<void> {
  const ids = files.map(() => newId());
  const documents = files.map(({ document }) => writeJsonWithNulls(document));
  const now = ctx.clock.now();
  await sql`insert into failed_measurement (org_id, id, received_at, document)
    select ${orgId}, file.id, ${now}, file.document::jsonb
    from unnest(${ids}::uuid[], ${documents}::text[]) as file (id, document)`.execute(tx);
  const path = `${ctx.config.publicUrl}/organizations/${orgId}/measurements/failedIngest/getDownloadUrl`;
  const events = files.map(({ attributes }, index) => ({
    name: 'ingest.validation.failure',
    attributes: attributes(`${path}?file=${ids[index]}`),
  }));
  await recordEvents(tx, { orgId, principalId: SYSTEM_PRINCIPAL, now }, events);
}
