import { sql } from 'kysely';
import { deleteOwned } from '../../api/delete-owned.ts';
import {
  code,
  customFields,
  date,
  email,
  group,
  list,
  name,
  oneOf,
  optional,
  reference,
  text,
} from '../../api/fields.ts';
import { anyCode, anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { refusal } from '../../kernel/errors.ts';
import { currencyMustBeLive, daysBeforeBillDue } from '../organization/index.ts';
import { parentMustFit } from './account-hierarchy.ts';
import { counterAdjustment } from './counter-adjustment.ts';

const address = group({
  addressLine1: optional(text({ max: 50 })),
  addressLine2: optional(text({ max: 50 })),
  addressLine3: optional(text({ max: 255 })),
  addressLine4: optional(text({ max: 255 })),
  locality: optional(text({ max: 100 })),
  region: optional(text({ max: 50 })),
  postCode: optional(text({ max: 20 })),
  country: optional(text({ max: 100 })),
});

/**
 * A customer: who usage belongs to and who is billed (spec 40 §1). Unset overrides mean the organization's.
 */
export const account = defineResource({
  name: 'Account',
  path: 'accounts',
  summary: 'an account',
  table: 'account',
  permission: 'config:account',
  event: 'configuration.account',
  maxPageSize: 100,
  fields: {
    name: name(),
    code: code(),
    emailAddress: email(),
    address: optional(address),
    parentAccountId: optional(reference('Account')),
    billEpoch: optional(date()),
    purchaseOrderNumber: optional(text({ max: 100 })),
    currency: optional(text({ max: 80 })),
    daysBeforeBillDue: optional(daysBeforeBillDue()),
    statementDefinitionId: optional(reference('StatementDefinition')),
    autoGenerateStatementMode: optional(oneOf(['NONE', 'JSON', 'JSON_AND_CSV'])),
    creditApplicationOrder: optional(list(oneOf(['PREPAYMENT', 'BALANCE']))),
    customFields: customFields(),
  },
  filters: { ids: anyId('id'), codes: anyCode('code') },
  example: { name: 'Acme', code: 'acme', emailAddress: 'billing@acme.example' },
  complete: (values) => {
    const order = values.creditApplicationOrder ?? [];
    if (new Set(order).size !== order.length) {
      throw refusal('VALIDATION_FAILED', 'creditApplicationOrder', 'must not name a kind twice');
    }
    // An empty list means "not set" (spec 50 §6.4).
    return { ...values, creditApplicationOrder: order.length > 0 ? order : null };
  },
  check: async (scope, next, before) => {
    if (next.currency !== null && next.currency !== before?.currency) {
      await currencyMustBeLive(scope, next.currency);
    }
    if (next.parentAccountId !== null && next.parentAccountId !== before?.parentAccountId) {
      await parentMustFit(scope, { id: next.id, parentAccountId: next.parentAccountId });
    }
  },
  // Without plans and bills they have never meant anything (spec 40 §1.4).
  beforeDelete: (scope, { id }) => deleteOwned(counterAdjustment, scope, sql`account_id = ${id}`),
});
