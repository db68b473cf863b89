/** `startDateTimeUtc` is the column start_date_time_utc; values within jsonb keep their spelling. */
export function columnName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
