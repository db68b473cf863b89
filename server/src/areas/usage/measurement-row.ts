import { assignedUid } from '../../engine/metering/assigned-uid.ts';
import type { EnrichedMeasurement } from '../../engine/metering/enrichment.ts';
import { present } from '../../kernel/assert.ts';
import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { writeJson } from '../../kernel/json.ts';
import { Temporal } from '../../kernel/time.ts';
import { escaped, quoted } from './clickhouse-text.ts';
import type { BatchGroup } from './measurement-inbox.ts';

/** Columns of the measurement table in the order of `measurementLine`. */
export const MEASUREMENT_COLUMNS: [string, ...string[]] = [
  'org_id',
  'meter_id',
  'account_id',
  'ts',
  'ets',
  'received_at',
  'uid',
  'insert_id',
  'batch_id',
  'position',
  'source',
  'measures',
  'dimensions',
  'failed_fields',
  'undeclared',
];

/** One stored measurement (spec 20 §7.10). Times count from 1970, in UTC. */
export type MeasurementRow = {
  readonly orgId: string;
  readonly meterId: string;
  readonly accountId: string;
  readonly tsMs: number;
  readonly etsMs: number | null;
  readonly receivedMicros: string;
  readonly uid: string;
  readonly insertId: string;
  readonly batchId: string;
  /** Place within the batch, from 0. */
  readonly position: number;
  readonly source: string;
  readonly measures: readonly (readonly [fieldCode: string, value: Decimal | number])[];
  readonly dimensions: readonly (readonly [fieldCode: string, value: string])[];
  /** Derived fields that could not be calculated. */
  readonly failedFields: readonly string[];
  /** Submitted fields that the meter does not declare, as JSON; empty when there are none. */
  readonly undeclared: string;
};

/** Makes the rows of a group's measurements, one at a time: a group's worth of them would be in the way. */
export function measurementRows(group: BatchGroup): (measurement: EnrichedMeasurement) => MeasurementRow {
  const { orgId, insertId } = group;
  const batches = group.batches.map(({ id, source, receivedAt }) => {
    return { batchId: id, source, receivedMicros: String(receivedAt.epochNanoseconds / 1000n) };
  });
  return (row) => {
    const { batchId, source, receivedMicros } = present(batches[row.batch], 'the batch of a measurement');
    return {
      orgId,
      meterId: row.meterId,
      accountId: row.accountId,
      tsMs: row.tsMs,
      etsMs: row.etsMs,
      receivedMicros,
      uid: row.uid ?? assignedUid(batchId, row.position),
      insertId,
      batchId,
      position: row.position,
      source,
      measures: row.numbers,
      dimensions: row.texts,
      failedFields: row.failedFields,
      undeclared: row.undeclared.length > 0 ? writeJson(row.undeclared) : '',
    };
  };
}

/**
 * The row as a line of ClickHouse's TabSeparated format: text goes in unparsed and decimals keep their
 * digits.
 */
export function measurementLine(row: MeasurementRow): string {
  const ets = row.etsMs === null ? '\\N' : seconds(row.etsMs);
  const micros = `${row.receivedMicros.slice(0, -6)}.${row.receivedMicros.slice(-6)}`;
  const failed = row.failedFields.length === 0 ? '' : row.failedFields.map(quoted).join(',');
  return (
    `${row.orgId}\t${row.meterId}\t${row.accountId}\t${seconds(row.tsMs)}\t${ets}\t${micros}\t` +
    `${escaped(row.uid)}\t${row.insertId}\t${row.batchId}\t${row.position}\t${escaped(row.source)}\t` +
    `{${mapText(row.measures, plainText)}}\t{${mapText(row.dimensions, quoted)}}\t[${failed}]\t` +
    `${escaped(row.undeclared)}\n`
  );
}

/** What stands between the braces of a ClickHouse map. */
function mapText<T>(
  entries: readonly (readonly [code: string, value: T])[],
  valueText: (value: T) => string,
) {
  let text = '';
  for (const [code, value] of entries) text += `${text && ','}${quoted(code)}:${valueText(value)}`;
  return text;
}

/** All digits without an exponent. */
function plainText(value: Decimal | number): string {
  if (typeof value !== 'number') return value.toFixed();
  const text = String(value);
  return text.includes('e') ? decimal(value).toFixed() : text;
}

const THOUSANDTHS = Array.from({ length: 1000 }, (_, n) => String(n).padStart(3, '0'));

/** In the year 2286. */
const LAST_TEN_DIGITS_MS = 9_999_999_999_999;

/**
 * Milliseconds as seconds with three decimals. ClickHouse takes ten digits for seconds since 1970 and fewer
 * for a date, hence the zeros; from the year 2286 on there are eleven. It takes no sign: times before 1970
 * are written out.
 */
function seconds(ms: number): string {
  if (ms < 0 || ms > LAST_TEN_DIGITS_MS) {
    return Temporal.Instant.fromEpochMilliseconds(ms).toString({ fractionalSecondDigits: 3 });
  }
  // Whole seconds are a small integer, whose text V8 makes faster than that of the milliseconds.
  const text = String(Math.floor(ms / 1000));
  return `${text.length === 10 ? text : text.padStart(10, '0')}.${THOUSANDTHS[ms % 1000]}`;
}
