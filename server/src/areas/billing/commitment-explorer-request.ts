import { sql } from 'kysely';
import { z } from 'zod';
import { fieldsRefused } from '../../api/body.ts';
import { dateTime, group, integer, list, optional, text, withDefault } from '../../api/fields.ts';
import { type Instant, type PlainDate, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';

const dimension = group({
  name: text({ max: 200 }),
  attributes: optional(list(text({ max: 200 }))),
  filter: list(text({ max: 1000 }), { min: 1 }),
});

/** What the commitment data queries ask for (spec 50 §13.1). */
export const commitmentDataBody = z.object({
  startDate: dateTime(),
  endDate: dateTime(),
  dimensions: withDefault(list(dimension, { max: 100 }), []),
  limit: withDefault(integer({ min: 1, max: 2000 }), 2000),
});

export type CommitmentDataBody = z.output<typeof commitmentDataBody>;

type ConditionOf = (values: readonly string[]) => Condition;

/** Conditions on commitments `c` and their accounts `a`. */
const DIMENSIONS: { readonly [name: string]: ConditionOf } = {
  account: (values) => sql`a.code = any(${values}::text[])`,
  'product name': (values) => sql`exists (select from product p
    where p.org_id = c.org_id and c.product_ids ? p.id::text and p.name = any(${values}::text[]))`,
};

/** The conditions that the dimensions stand for; throws VALIDATION_FAILED for one that is not `known`. */
export function dimensionConditions(body: CommitmentDataBody, known: readonly string[]): Condition[] {
  return body.dimensions.flatMap(({ name, filter }, at): Condition[] => {
    const condition = known.includes(name) ? DIMENSIONS[name] : undefined;
    if (condition === undefined) {
      throw fieldsRefused([{ field: `dimensions[${at}].name`, message: `must be ${known.join(' or ')}` }]);
    }
    return filter.includes('*') ? [] : [condition(filter)];
  });
}

/** The instants of the range; a bare date means its midnight in the organization's zone (spec 10 §2). */
export function rangeOf({ startDate, endDate }: CommitmentDataBody, zone: string) {
  return { start: placed(startDate, zone), end: placed(endDate, zone) };
}

function placed(value: Instant, zone: string): Instant {
  const given: unknown = value;
  return given instanceof Temporal.PlainDate ? startOfDate(given as PlainDate, zone) : value;
}
