import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';

/**
 * What is linked to a contract belongs to the contract's account or to a child of it, else
 * REFERENCE_NOT_FOUND (spec 50 §3.1). One rule for account plans, commitments, balances and charges.
 */
export async function contractMustFit(
  { tx, orgId }: CheckScope,
  { accountId, contractId }: { accountId: string; contractId: string | null },
): Promise<void> {
  if (contractId === null) return;
  const { rows } = await sql`
    select from contract c join account a on a.org_id = c.org_id and a.id = ${accountId}
    where c.org_id = ${orgId} and c.id = ${contractId} 
      and c.account_id in (a.id, a.parent_account_id)`.execute(tx);
  if (rows.length > 0) return;
  throw refusal('REFERENCE_NOT_FOUND', 'contractId', 'is not a contract of the account or of its parent');
}
