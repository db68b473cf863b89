import { sql } from 'kysely';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';

/** An archived currency stays where it is and takes no new uses (spec 50 §1). */
export async function currencyMustBeLive({ tx, orgId }: CheckScope, currency: string): Promise<void> {
  const { rows } = await sql`
    select from currency where org_id = ${orgId} and code = ${currency} and archived`.execute(tx);
  if (rows.length > 0) throw refusal('REFERENCE_NOT_FOUND', 'currency', 'is archived');
}
