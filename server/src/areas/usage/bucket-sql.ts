const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The first Monday after the beginning of 1970, a Thursday, is 4 days later. */
const WEEK_SHIFT_MS = 3 * DAY_MS;

/**
 * Where the bucket of a measurement starts, in UTC, as seconds since 1970. ClickHouse has functions for it,
 * but they answer types whose times begin in 1970, which measurements may lie before.
 */
export const BUCKET_START_SQL = {
  HOUR: flooredSql(HOUR_MS, 0),
  DAY: flooredSql(DAY_MS, 0),
  WEEK: flooredSql(7 * DAY_MS, WEEK_SHIFT_MS),
  MONTH: firstDaySql('toMonth(ts)'),
  QUARTER: firstDaySql('toQuarter(ts) * 3 - 2'),
  YEAR: firstDaySql('1'),
} as const;

function flooredSql(lengthMs: number, shiftMs: number): string {
  const ms = 'toUnixTimestamp64Milli(ts)';
  return `intDiv(${ms} - positiveModulo(${ms} + ${shiftMs}, ${lengthMs}), 1000)`;
}

function firstDaySql(month: string): string {
  return `toInt64(toInt32(makeDate32(toYear(ts), ${month}, 1))) * 86400`;
}
