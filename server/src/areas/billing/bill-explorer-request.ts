import { sql } from 'kysely';
import { z } from 'zod';
import { fieldsRefused } from '../../api/body.ts';
import { dateTime, group, integer, list, oneOf, optional, text, withDefault } from '../../api/fields.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { type Instant, startOfDate, Temporal, zoneFromText } from '../../kernel/time.ts';
import type { Condition, Db } from '../../store/database.ts';
import { LINE_ITEM_TYPES } from './bill-fields.ts';
import { firstDate } from './first-date.ts';

const DIMENSIONS = { account: sql`a.code`, 'product name': sql`l.product_name` } as const;

const dimension = group({
  name: text({ max: 200 }),
  attributes: optional(list(text({ max: 200 }))),
  filter: list(text({ max: 1000 }), { min: 1 }),
});

/** What the billing data query asks for (spec 40 §13). */
export const billDataBody = z.object({
  startDate: dateTime(),
  endDate: dateTime(),
  lineItemTypes: list(oneOf(LINE_ITEM_TYPES), { min: 1 }),
  dimensions: withDefault(list(dimension, { max: 100 }), []),
  limit: withDefault(integer({ min: 1, max: 2000 }), 2000),
});

export type BillDataBody = z.output<typeof billDataBody>;

/** Conditions on lines `l`, their bills `b` and the accounts `a` of those; throws VALIDATION_FAILED. */
export async function lineValueConditions(db: Db, orgId: string, body: BillDataBody): Promise<Condition[]> {
  const chosen = body.dimensions.flatMap(({ name, filter }, at): Condition[] => {
    if (!isDimension(name)) {
      const known = Object.keys(DIMENSIONS).join(' or ');
      throw fieldsRefused([{ field: `dimensions[${at}].name`, message: `must be ${known}` }]);
    }
    return filter.includes('*') ? [] : [sql`${DIMENSIONS[name]} = any(${filter}::text[])`];
  });
  const zone = await organizationZone(db, orgId);
  const start = placed(body.startDate, zone);
  const end = placed(body.endDate, zone);
  const types = [...new Set(body.lineItemTypes)];
  return [
    sql`l.line_item_type = any(${types}::text[])`,
    await dateCondition(db, orgId, { start, end }),
    ...chosen,
  ];
}

function isDimension(name: string): name is keyof typeof DIMENSIONS {
  return Object.hasOwn(DIMENSIONS, name);
}

/** A bare date means its midnight in the organization's zone (spec 10 §2). */
function placed(value: Instant, zone: string): Instant {
  const given: unknown = value;
  return given instanceof Temporal.PlainDate ? startOfDate(given, zone) : value;
}

/** Bills whose date begins in the range, each in its own zone. */
async function dateCondition(
  db: Db,
  orgId: string,
  { start, end }: { readonly start: Instant; readonly end: Instant },
): Promise<Condition> {
  const { rows } = await sql<{ timezone: string }>`
    select distinct timezone from bill where org_id = ${orgId}`.execute(db);
  const ofZones = rows.map(({ timezone }): Condition => {
    const zone = zoneFromText(timezone) ?? 'UTC';
    return sql`(b.timezone = ${timezone} and b.bill_date >= ${String(firstDate(start, zone))}::date
      and b.bill_date < ${String(firstDate(end, zone))}::date)`;
  });
  return ofZones.length === 0 ? sql`false` : sql`(${sql.join(ofZones, sql` or `)})`;
}
