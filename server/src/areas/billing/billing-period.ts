import { sql } from 'kysely';
import { fieldsRefused } from '../../api/body.ts';
import { dateFromText } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';
import { BILLING_FREQUENCIES } from './bill-fields.ts';

/**
 * The bills of a path such as `2024-05-31/monthly`: those that end with that day, of that frequency in any
 * letter case (spec 40 §4.5). Throws VALIDATION_FAILED for anything else.
 */
export function periodConditions(params: Readonly<Record<string, string>>): Condition[] {
  const lastDate = dateFromText(params['lastDateInBillingPeriod'] ?? '');
  const frequency = (params['billingFrequency'] ?? '').toUpperCase();
  if (lastDate === null) {
    throw fieldsRefused([{ field: 'lastDateInBillingPeriod', message: 'must be a date such as 2024-05-31' }]);
  }
  if (!(BILLING_FREQUENCIES as readonly string[]).includes(frequency)) {
    const names = BILLING_FREQUENCIES.join(', ').toLowerCase();
    throw fieldsRefused([{ field: 'billingFrequency', message: `must be one of ${names}` }]);
  }
  return [sql`end_date = ${lastDate.add({ days: 1 })}`, sql`billing_frequency = ${frequency}`];
}
