import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { present } from '../../kernel/assert.ts';
import { refusal } from '../../kernel/errors.ts';

/** Children that one parent can have (spec 40 §1.3). */
export const MAX_CHILDREN = 999;

type Family = {
  /** Accounts whose parent is the account that is to become a child. */
  readonly grandchildren: boolean;
  readonly parentIsChild: boolean;
  /** More children than allowed, the new one included. */
  readonly full: boolean;
};

/**
 * Two levels, no account its own parent, at most 999 children (spec 40 §1.3). The parent's row is held, so
 * that of two children added at the same time the second is counted after the first.
 */
export async function parentMustFit(
  { tx, orgId }: CheckScope,
  { id, parentAccountId }: { id: string; parentAccountId: string },
): Promise<void> {
  if (id === parentAccountId) throw refused('must not be the account itself');
  await sql`select from account where org_id = ${orgId} and id = ${parentAccountId}
            for no key update`.execute(tx);
  const { rows } = await sql<Family>`
    select exists (select from account
                   where org_id = ${orgId} and parent_account_id = ${id}) as grandchildren,
           exists (select from account where org_id = ${orgId} and id = ${parentAccountId}
                   and parent_account_id is not null) as parent_is_child,
           (select count(*) > ${MAX_CHILDREN} from account
            where org_id = ${orgId} and parent_account_id = ${parentAccountId}) as full
    `.execute(tx);
  const family = present(rows[0], 'family');
  if (family.grandchildren) throw refused('cannot be set on an account that has children');
  if (family.parentIsChild) throw refused('must not be an account that has a parent');
  if (family.full) throw refused(`has ${MAX_CHILDREN} children already`);
}

function refused(message: string) {
  return refusal('VALIDATION_FAILED', 'parentAccountId', message);
}
