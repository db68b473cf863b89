import { stringify } from 'csv-stringify/sync';
import { isDecimal } from '../../kernel/decimal.ts';

/** Rows of a CSV file as UTF-8 (RFC 4180): numbers in plain digits, nothing for null. */
export function csvText(rows: readonly (readonly unknown[])[]): Uint8Array {
  return Buffer.from(
    stringify(
      rows.map((row) => row.map(cellText)),
      { record_delimiter: '\r\n' },
    ),
  );
}

function cellText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (isDecimal(value)) return value.isZero() ? '0' : value.toFixed();
  return String(value);
}
