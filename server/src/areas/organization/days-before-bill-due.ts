import { integer } from '../../api/fields.ts';

/** A hundred years: longer times lead out of the years that can be stored. */
export const MAX_DAYS = 36_500;

/** Days from the date of a bill to its due date (spec 40 §1.2, §2.1). */
export function daysBeforeBillDue() {
  return integer({ above: 0, max: MAX_DAYS });
}
