import { sql } from 'kysely';
import { z } from 'zod';
import { checked, fieldsRefused } from '../../api/body.ts';
import { date } from '../../api/fields.ts';
import type { Condition } from '../../store/database.ts';
import { BILLED_YEARS, BILLING_FREQUENCIES } from './bill-fields.ts';

const lastDates = z.object({ lastDateInBillingPeriod: date({ years: BILLED_YEARS }) });

/**
 * The bills of a path such as `2024-05-31/monthly`: those that end with that day, of that frequency in any
 * letter case (spec 40 §4.5). Throws VALIDATION_FAILED for anything else.
 */
export function periodConditions(params: Readonly<Record<string, string>>): Condition[] {
  const { lastDateInBillingPeriod: lastDate } = checked(lastDates, params);
  const frequency = (params['billingFrequency'] ?? '').toUpperCase();
  if (!(BILLING_FREQUENCIES as readonly string[]).includes(frequency)) {
    const names = BILLING_FREQUENCIES.join(', ').toLowerCase();
    throw fieldsRefused([{ field: 'billingFrequency', message: `must be one of ${names}` }]);
  }
  return [sql`end_date = ${lastDate.add({ days: 1 })}`, sql`billing_frequency = ${frequency}`];
}
