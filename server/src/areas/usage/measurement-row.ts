import { type Decimal, decimal } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import { escaped, quoted } from './clickhouse-text.ts';

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

/**
 * The row as a line of ClickHouse's TabSeparated format: text goes in unparsed and decimals keep their
 * digits.
 */
export function measurementLine(row: MeasurementRow): string {
  const measures = row.measures.map(([code, value]) => `${quoted(code)}:${plainText(value)}`).join(',');
  const dimensions = row.dimensions.map(([code, value]) => `${quoted(code)}:${quoted(value)}`).join(',');
  const ets = row.etsMs === null ? '\\N' : seconds(row.etsMs);
  const micros = `${row.receivedMicros.slice(0, -6)}.${row.receivedMicros.slice(-6)}`;
  const failed = row.failedFields.map(quoted).join(',');
  return (
    `${row.orgId}\t${row.meterId}\t${row.accountId}\t${seconds(row.tsMs)}\t${ets}\t${micros}\t` +
    `${escaped(row.uid)}\t${row.insertId}\t${row.batchId}\t${row.position}\t${escaped(row.source)}\t` +
    `{${measures}}\t{${dimensions}}\t[${failed}]\t${escaped(row.undeclared)}\n`
  );
}

/** All digits without an exponent. */
function plainText(value: Decimal | number): string {
  if (typeof value !== 'number') return value.toFixed();
  const text = String(value);
  return text.includes('e') ? decimal(value).toFixed() : text;
}

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
  const text = String(ms).padStart(13, '0');
  return `${text.slice(0, -3)}.${text.slice(-3)}`;
}
