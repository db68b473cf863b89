import type { Instant } from '../../kernel/time.ts';

/** Text in single quotes for a ClickHouse query or a value inside a map: backslash escapes only. */
export function quoted(text: string): string {
  if (!/[\\\t\n\r\0\b\f']/.test(text)) return `'${text}'`;
  return `'${escaped(text).replaceAll("'", "\\'")}'`;
}

/** A field of the TabSeparated format. */
export function escaped(text: string): string {
  if (!/[\\\t\n\r\0\b\f]/.test(text)) return text;
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll('\t', '\\t')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\0', '\\0')
    .replaceAll('\b', '\\b')
    .replaceAll('\f', '\\f');
}

/** More ids than this are one text: as many literals take ClickHouse longer than the rest of a query. */
const MAX_LITERALS = 100;

/** The condition that a measurement belongs to one of the accounts, given by their ids; false for none. */
export function accountsAmong(ids: readonly string[]): string {
  if (ids.length === 0) return 'false';
  if (ids.length <= MAX_LITERALS) return `account_id in (${ids.map(quoted).join(', ')})`;
  return `account_id in (select toUUID(arrayJoin(splitByChar(',', ${quoted(ids.join())}))))`;
}

/** The first millisecond that is not before the moment: stored times have no finer digits. */
export function momentSql(instant: Instant): string {
  return `fromUnixTimestamp64Milli(toInt64(${momentMs(instant)}), 'UTC')`;
}

/** As `momentSql`, as a number. */
export function momentMs(instant: Instant): number {
  return instant.round({ smallestUnit: 'millisecond', roundingMode: 'ceil' }).epochMilliseconds;
}
