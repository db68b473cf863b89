import { sql } from 'kysely';
import { ApiError } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';

type Moment = { readonly orgId: string; readonly now: Instant };

/** Any number: what may end an administrator takes turns, or two of them could end each other. */
const ADMINISTRATOR_LOCK = 7_240_115;

/** Whether somebody has access at a moment. */
export function isActive({ dtEndAccess }: { readonly dtEndAccess: Instant | null }, now: Instant): boolean {
  return dtEndAccess === null || dtEndAccess.epochMilliseconds > now.epochMilliseconds;
}

/**
 * Makes a change that may end an administrator. Throws ILLEGAL_STATE, to roll it back, when it leaves the
 * organization without an active user who holds the policy Administrator, unless it had none (spec 10 §14).
 */
export async function keepAdministrator<T>(tx: Tx, moment: Moment, change: () => Promise<T>): Promise<T> {
  await sql`select pg_advisory_xact_lock(${ADMINISTRATOR_LOCK}, hashtext(${moment.orgId}))`.execute(tx);
  const had = await hasAdministrator(tx, moment);
  const result = await change();
  if (had && !(await hasAdministrator(tx, moment))) throw lastStays();
  return result;
}

/** As `keepAdministrator` for the end of one user's access, which has been written already. */
export async function administratorMustRemain(
  tx: Tx,
  moment: Moment & { readonly userId: string },
): Promise<void> {
  await sql`select pg_advisory_xact_lock(${ADMINISTRATOR_LOCK}, hashtext(${moment.orgId}))`.execute(tx);
  const { rows } = await sql`select 1 where ${moment.userId}::uuid in (${holders(moment.orgId)})`.execute(tx);
  if (rows.length > 0 && !(await hasAdministrator(tx, moment))) throw lastStays();
}

function lastStays(): ApiError {
  return new ApiError('ILLEGAL_STATE', 'the last active user with the policy Administrator must stay one');
}

async function hasAdministrator(tx: Tx, { orgId, now }: Moment): Promise<boolean> {
  const { rows } = await sql`
    select 1 from org_user
    where org_id = ${orgId} and (dt_end_access is null or dt_end_access > ${now})
      and id in (${holders(orgId)}) limit 1`.execute(tx);
  return rows.length > 0;
}

/** Ids of the users that hold Administrator, themselves or by a group. */
function holders(orgId: string) {
  const attached = (type: 'USER' | 'USERGROUP') => sql`
    select pp.principal_id from principal_permission pp
    join permission_policy p on p.org_id = pp.org_id and p.id = pp.permission_policy_id
    where pp.org_id = ${orgId} and pp.principal_type = ${type}
      and p.managed_policy and p.name = 'Administrator'`;
  return sql`${attached('USER')}
    union select member from resource_group_members(${orgId}, array(${attached('USERGROUP')})) as member`;
}
