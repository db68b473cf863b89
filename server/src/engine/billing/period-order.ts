// Spec 30 §4, 40 §4.2: which of several billing periods is the longer one.

/**
 * About how many twelfths of a day each unit has, in the order in which units of equal periods count: 12
 * months are as long as a year and come before it. What has no cycle comes after everything that has.
 */
const TWELFTHS: Readonly<Record<string, number>> = {
  DAILY: 12,
  WEEKLY: 84,
  MONTHLY: 365,
  ANNUALLY: 4380,
  CONSOLIDATED: 9_000_000,
  AD_HOC: 9_000_000,
};

const UNITS = Object.keys(TWELFTHS);

/** A text that sorts frequency keys by the length of their periods: `WEEKLY/5` comes after `MONTHLY/1`. */
export function periodOrder(frequencyKey: string): string {
  const [unit = '', interval = '1'] = frequencyKey.split('/');
  const length = (TWELFTHS[unit] ?? 0) * Number.parseInt(interval, 10);
  return `${String(length).padStart(7, '0')}/${UNITS.indexOf(unit)}`;
}
