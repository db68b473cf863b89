import { sql } from 'kysely';
import { fieldsRefused } from '../../api/body.ts';
import { dateParameter, type Filter, uuidParameter } from '../../api/filters.ts';
import type { PlainDate } from '../../kernel/time.ts';

/** Commitments that name the product; those for all products are not among them (spec 50 §4.3). */
export function forProduct(): Filter<string> {
  return { schema: uuidParameter(), where: (id) => sql`product_ids @> ${JSON.stringify([id])}::jsonb` };
}

/** Commitments that are active on a date. */
export function activeOn(): Filter<PlainDate> {
  return {
    schema: dateParameter(),
    where: (date) => sql`(start_date <= ${String(date)}::date and end_date > ${String(date)}::date)`,
  };
}

export function endingFrom(): Filter<PlainDate> {
  return { schema: dateParameter(), where: (date) => sql`end_date >= ${String(date)}::date` };
}

export function endingBefore(): Filter<PlainDate> {
  return { schema: dateParameter(), where: (date) => sql`end_date < ${String(date)}::date` };
}

/** Ends are looked for within an account only (spec 50 §4.3). */
export function endsNeedAccount(query: Readonly<Record<string, unknown>>): readonly never[] {
  const parameter = ['endDateStart', 'endDateEnd'].find((name) => query[name] !== undefined);
  if (parameter === undefined || query['accountId'] !== undefined) return [];
  throw fieldsRefused([{ field: parameter, message: 'needs the parameter accountId' }]);
}
