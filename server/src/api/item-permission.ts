import { type RawBuilder, sql } from 'kysely';
import { ApiError } from '../kernel/errors.ts';
import type { Condition } from '../store/database.ts';
import type { AnyCall } from './operation.ts';
import { type Permission, type Reach, reachesOf } from './permission.ts';

type Caller = Pick<AnyCall, 'orgId' | 'principal'>;

/** Rows of a table that the caller may act on, as a condition; null when these are all (spec 10 §17.5). */
export function allowedRows(
  { orgId, principal }: Caller,
  needed: Permission,
  table: string,
): Condition | null {
  const { allowed, denied } = reachesOf(principal.statements, needed);
  const id = sql.ref(`${table}.id`);
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

/** Throws FORBIDDEN when the caller may not act on this row; one that does not exist is let through. */
export async function rowMustBeAllowed(
  call: Omit<AnyCall, 'request'>,
  needed: Permission,
  row: { readonly table: string; readonly id: string },
): Promise<void> {
  const condition = allowedRows(call, needed, row.table);
  if (condition === null) return;
  const { rows } = await sql`select 1 from ${sql.table(row.table)}
    where org_id = ${call.orgId} and id = ${row.id} and not ${condition}`.execute(call.ctx.db);
  if (rows.length > 0) throw new ApiError('FORBIDDEN', `this needs ${needed.action} on this entity`);
}
