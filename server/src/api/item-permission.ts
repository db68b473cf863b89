import { type RawBuilder, sql } from 'kysely';
import { ApiError } from '../kernel/errors.ts';
import type { Condition } from '../store/database.ts';
import type { AnyCall } from './operation.ts';
import { type Permission, type Reach, reachesOf } from './permission.ts';

type Caller = Pick<AnyCall, 'orgId' | 'principal'>;

/**
 * Rows of a table that the caller may act on, as a condition; null when these are all (spec 10 §17.5).
 * `column` is where the id of the item stands, when a row is a part of another thing.
 */
export function allowedRows(
  { orgId, principal }: Caller,
  needed: Permission,
  { table, column = 'id' }: { readonly table: string; readonly column?: string },
): Condition | null {
  const { allowed, denied } = reachesOf(principal.statements, needed);
  const id = sql.ref(`${table}.${column}`);
  const conditions: RawBuilder<boolean>[] = [];
  if (!allowed.all) conditions.push(within(allowed, orgId, id));
  if (denied.items.length > 0 || denied.groups.length > 0 || denied.anyGroup) {
    conditions.push(sql`not ${within(denied, orgId, id)}`);
  }
  return conditions.length === 0 ? null : sql`(${sql.join(conditions, sql` and `)})`;
}

function within({ items, groups, anyGroup }: Reach, orgId: string, id: RawBuilder<unknown>): Condition {
  const named = anyGroup
    ? sql`array(select resource_group.id from resource_group where resource_group.org_id = ${orgId})`
    : sql`${groups}::uuid[]`;
  return sql`(${id} = any(${items}::uuid[])
    or ${id} in (select member from resource_group_members(${orgId}, ${named}) as member))`;
}

/** As `allowedRows`, for lists of conditions: none when the caller may act on all rows. */
export function allowedConditions(
  caller: Caller,
  needed: Permission,
  place: Parameters<typeof allowedRows>[2],
): readonly Condition[] {
  const condition = allowedRows(caller, needed, place);
  return condition === null ? [] : [condition];
}

/**
 * Throws FORBIDDEN when the caller may not act on one of these rows; those that do not exist are let through.
 */
export async function rowsMustBeAllowed(
  call: Omit<AnyCall, 'request'>,
  needed: Permission,
  { table, ids }: { readonly table: string; readonly ids: readonly string[] },
): Promise<void> {
  const condition = allowedRows(call, needed, { table });
  if (condition === null || ids.length === 0) return;
  const { rows } = await sql`select 1 from ${sql.table(table)}
    where org_id = ${call.orgId} and id = any(${ids}::uuid[]) and not ${condition} limit 1`.execute(
    call.ctx.db,
  );
  if (rows.length > 0) throw new ApiError('FORBIDDEN', `this needs ${needed.action} on this entity`);
}
