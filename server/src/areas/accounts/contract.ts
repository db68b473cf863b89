import { sql } from 'kysely';
import { endMustFollowStart } from '../../api/body-rules.ts';
import {
  code,
  customFields,
  date,
  flag,
  group,
  list,
  name,
  oneOf,
  optional,
  reference,
  text,
  withDefault,
} from '../../api/fields.ts';
import { anyCode, anyId, equalId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';

const usageFilter = group({
  dimensionCode: text(),
  mode: oneOf(['INCLUDE', 'EXCLUDE']),
  value: text({ max: 2000 }),
});

/** What an account has signed: a period, and how the plans linked to it are billed (spec 50 §3). */
export const contract = defineResource({
  name: 'Contract',
  path: 'contracts',
  summary: 'a contract',
  table: 'contract',
  permission: 'config:contract',
  event: 'configuration.contract',
  maxPageSize: 100,
  fields: {
    accountId: reference('Account'),
    name: name(),
    code: optional(code()),
    description: optional(text({ max: 500 })),
    startDate: date(),
    endDate: date(),
    purchaseOrderNumber: optional(text({ max: 100 })),
    applyContractPeriodLimits: withDefault(flag(), false),
    billGroupingKeyId: optional(reference('BillGroupingKey')),
    usageFilters: withDefault(list(usageFilter), []),
    customFields: customFields(),
  },
  filters: { accountId: equalId('accountId'), ids: anyId('id'), codes: anyCode('code') },
  immutable: ['accountId'],
  example: { accountId: '{Account}', name: 'Terms of 2024', startDate: '2024-01-01', endDate: '2025-01-01' },
  complete: (values) => {
    endMustFollowStart(values);
    return values;
  },
  check: async (scope, next, before) => {
    if (next.billGroupingKeyId !== null && next.billGroupingKeyId !== before?.billGroupingKeyId) {
      await groupingKeyMustBeFree(scope, { id: next.id, billGroupingKeyId: next.billGroupingKeyId });
    }
  },
});

/**
 * An exclusive key is held by one contract at a time, an archived one is not taken anew (spec 50 §1, §3.4).
 */
async function groupingKeyMustBeFree(
  { tx, orgId }: CheckScope,
  { id, billGroupingKeyId }: { id: string; billGroupingKeyId: string },
): Promise<void> {
  // Held until the end, so that of two contracts that take the key at the same time the second sees the
  // first.
  const { rows } = await sql<{ archived: boolean; exclusive: boolean }>`
    select archived, exclusive from bill_grouping_key
    where org_id = ${orgId} and id = ${billGroupingKeyId} for no key update`.execute(tx);
  if (rows[0]?.archived) throw refusal('REFERENCE_NOT_FOUND', 'billGroupingKeyId', 'is archived');
  if (!rows[0]?.exclusive) return;
  const held = await sql<{ id: string }>`
    select id from contract
    where org_id = ${orgId} and bill_grouping_key_id = ${billGroupingKeyId} and id <> ${id} limit 1`.execute(
    tx,
  );
  const [holder] = held.rows;
  if (holder)
    throw refusal('DUPLICATE', 'billGroupingKeyId', `is exclusive and held by contract ${holder.id}`);
}
