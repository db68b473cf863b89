import { type RawBuilder, sql } from 'kysely';
import type { Statement } from '../../api/permission.ts';
import type { Context } from '../../context.ts';
import { prepared } from '../../store/value-client.ts';

type Key = { readonly orgId: string; readonly id: string };

/** The statements of the policies attached to a service user; null when there is none of that id. */
export async function serviceUserStatements(ctx: Context, key: Key): Promise<readonly Statement[] | null> {
  const own = sql`pp.principal_type = 'SERVICEUSER' and pp.principal_id = ${key.id}`;
  return firstStatements(
    ctx,
    sql`select ${attached(key, own)} as statements from service_user
      where org_id = ${key.orgId} and id = ${key.id}`,
  );
}

/**
 * What a person may do in an organization: the inline statements and those of the policies attached to the
 * user and to the user groups around them (spec 10 §17.5); for support users who are no members, what the
 * organization grants them (§18). Null without access.
 */
export async function userStatements(ctx: Context, key: Key): Promise<readonly Statement[] | null> {
  const { orgId, id } = key;
  const now = String(ctx.clock.now());
  const own = sql`pp.principal_type = 'USER' and pp.principal_id = ${id}
    or pp.principal_type = 'USERGROUP' and pp.principal_id in (select resource_groups_of(${orgId}, ${id}))`;
  const support = sql`pp.principal_type = 'SUPPORTUSERS'`;
  return firstStatements(
    ctx,
    sql`
      select u.permission_policy || ${attached(key, own)} as statements from org_user u
      where u.org_id = ${orgId} and u.id = ${id} and (u.dt_end_access is null or u.dt_end_access > ${now})
      union all
      select s.support_users_permission_policy || ${attached(key, support)}
      from person p join support_access s on s.org_id = ${orgId}
      where p.id = ${id} and p.support_user and s.dt_end_support_users_access > ${now}
        and not exists (select 1 from org_user u where u.org_id = ${orgId} and u.id = ${id})`,
  );
}

async function firstStatements(ctx: Context, query: RawBuilder<unknown>): Promise<Statement[] | null> {
  const { rows } = await sql`${prepared}${query}`.execute(ctx.db);
  const [row] = rows as { readonly statements: Statement[] }[];
  return row?.statements ?? null;
}

/** All statements of the attached policies that a condition on `pp` names, as one JSON list. */
function attached({ orgId }: Key, condition: RawBuilder<unknown>): RawBuilder<unknown> {
  return sql`coalesce((
    select jsonb_agg(statement)
    from principal_permission pp
    join permission_policy p on p.org_id = pp.org_id and p.id = pp.permission_policy_id
    cross join jsonb_array_elements(p.permission_policy) statement
    where pp.org_id = ${orgId} and (${condition})), '[]'::jsonb)`;
}
