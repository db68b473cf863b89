import { sql } from 'kysely';
import { present } from '../../kernel/assert.ts';
import type { Tx } from '../../store/database.ts';
import type { BillingOrganization } from './load-organization.ts';

/**
 * The next `count` invoice numbers, such as `AC-501`; nulls without a prefix. Each is given once, in order of
 * creation, above both the last one given and the configured start (spec 40 §4.4). Whoever takes numbers
 * holds up everybody else who does until the transaction ends.
 */
export async function allocateInvoiceNumbers(
  tx: Tx,
  { orgId, billPrefix, sequenceStartNumber }: BillingOrganization,
  count: number,
): Promise<readonly (string | null)[]> {
  if (billPrefix === null || count === 0) return Array.from({ length: count }, () => null);
  const start = sequenceStartNumber ?? 0;
  const { rows } = await sql<{ lastNumber: number }>`
    insert into bill_sequence (org_id, last_number) values (${orgId}, ${start + count})
    on conflict (org_id) do update set last_number = greatest(bill_sequence.last_number, ${start}) + ${count}
    returning last_number`.execute(tx);
  const last = present(rows[0], 'bill_sequence').lastNumber;
  return Array.from({ length: count }, (_, i) => `${billPrefix}${last - count + 1 + i}`);
}
