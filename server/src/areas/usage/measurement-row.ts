import { assignedUid } from '../../engine/metering/assigned-uid.ts';
import type { EnrichedMeasurement } from '../../engine/metering/enrichment.ts';
import { present } from '../../kernel/assert.ts';
import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { writeJson } from '../../kernel/json.ts';
import { type Instant, Temporal } from '../../kernel/time.ts';
import { escaped, quoted } from './clickhouse-text.ts';
import type { BatchGroup } from './measurement-inbox.ts';

/** Columns of the measurement table in the order of `measurementLine`: those of a whole batch come first. */
export const MEASUREMENT_COLUMNS: [string, ...string[]] = [
  'org_id',
  'insert_id',
  'batch_id',
  'received_at',
  'source',
  'meter_id',
  'account_id',
  'ts',
  'ets',
  'uid',
  'position',
  'measures',
  'dimensions',
  'failed_fields',
  'undeclared',
];

/** What all measurements of a batch have in common. */
export type BatchColumns = {
  readonly orgId: string;
  readonly insertId: string;
  readonly batchId: string;
  readonly receivedAt: Instant;
  readonly source: string;
};

/** One stored measurement (spec 20 §7.10). Times count from 1970, in UTC. */
export type MeasurementRow = {
  /** From `batchText`. */
  readonly batch: string;
  readonly meterId: string;
  readonly accountId: string;
  readonly tsMs: number;
  readonly etsMs: number | null;
  readonly uid: string;
  /** Place within the batch, from 0. */
  readonly position: number;
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
    return { id, text: batchText({ orgId, insertId, batchId: id, receivedAt, source }) };
  });
  return (row) => {
    const { id, text } = present(batches[row.batch], 'the batch of a measurement');
    return {
      batch: text,
      meterId: row.meterId,
      accountId: row.accountId,
      tsMs: row.tsMs,
      etsMs: row.etsMs,
      uid: row.uid ?? assignedUid(id, row.position),
      position: row.position,
      measures: row.numbers,
      dimensions: row.texts,
      failedFields: row.failedFields,
      undeclared: row.undeclared.length > 0 ? writeJson(row.undeclared) : '',
    };
  };
}

/** The beginning of the lines of a batch. */
export function batchText({ orgId, insertId, batchId, receivedAt, source }: BatchColumns): string {
  const micros = String(receivedAt.epochNanoseconds / 1000n);
  const received = `${micros.slice(0, -6)}.${micros.slice(-6)}`;
  return [orgId, insertId, batchId, received, escaped(source)].join('\t');
}

/**
 * The row as a line of ClickHouse's TabSeparated format: text goes in unparsed and decimals keep their
 * digits.
 */
export function measurementLine(row: MeasurementRow): string {
  const ets = row.etsMs === null ? '\\N' : seconds(row.etsMs);
  const failed = row.failedFields.length === 0 ? '' : row.failedFields.map(quoted).join(',');
  return (
    `${row.batch}\t${row.meterId}\t${row.accountId}\t${seconds(row.tsMs)}\t${ets}\t${escaped(row.uid)}\t` +
    `${row.position}\t{${mapText(row.measures, plainText)}}\t{${mapText(row.dimensions, quoted)}}\t` +
    `[${failed}]\t${escaped(row.undeclared)}\n`
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
