import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';

/** Takes all policies from a principal that is about to be deleted. */
export async function detachAll({ tx, orgId }: CheckScope, principal: { readonly id: string }) {
  await sql`delete from principal_permission
    where org_id = ${orgId} and principal_id = ${principal.id}`.execute(tx);
}
