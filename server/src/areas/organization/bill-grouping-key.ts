import { sql } from 'kysely';
import { flag } from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { picklistFields, picklistFilters, picklistIds } from './picklist.ts';

/**
 * What contracts have in common when they are billed together; an exclusive key takes one contract (spec 50
 * §1).
 */
export const billGroupingKey = defineResource({
  name: 'BillGroupingKey',
  path: 'picklists/billgroupingkeys',
  summary: 'a bill grouping key',
  table: 'bill_grouping_key',
  permission: 'config:billgroupingkey',
  event: null,
  maxPageSize: 100,
  fields: { ...picklistFields(), exclusive: flag() },
  filters: picklistFilters(),
  example: { name: 'Cloud contracts', code: 'cloud', exclusive: false },
  ids: picklistIds('BillGroupingKey'),
  check: async (scope, next, before) => {
    if (next.exclusive && before?.exclusive === false) await oneContractMayHoldIt(scope, next.id);
  },
});

/**
 * Spec 50 §3.4: an exclusive key is held by one contract at a time. The update has locked the key's row,
 * which a contract locks too before it takes the key: neither misses the other.
 */
async function oneContractMayHoldIt({ tx, orgId }: CheckScope, id: string): Promise<void> {
  const { rows } = await sql<{ id: string }>`
    select id from contract
    where org_id = ${orgId} and bill_grouping_key_id = ${id} limit 2`.execute(tx);
  if (rows.length > 1)
    throw refusal('DUPLICATE', 'exclusive', 'must be false: several contracts hold the key');
}
