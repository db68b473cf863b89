import { sql } from 'kysely';
import {
  amount,
  code,
  customFields,
  description,
  flag,
  integer,
  name,
  oneOf,
  optional,
  reference,
  text,
  withDefault,
} from '../../api/fields.ts';
import { anyId, equalId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { deletePrices } from './delete-prices.ts';

export const BILL_FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'ANNUALLY', 'AD_HOC', 'MIXED'] as const;

/** What the plans of a product have in common: currency, billing cycle, standing charge (spec 30 §2). */
export const planTemplate = defineResource({
  name: 'PlanTemplate',
  path: 'plantemplates',
  summary: 'a plan template',
  table: 'plan_template',
  permission: 'config:plantemplate',
  event: 'configuration.plantemplate',
  maxPageSize: 100,
  fields: {
    productId: reference('Product'),
    name: name(),
    code: optional(code()),
    currency: text({ min: 3, max: 3 }),
    standingCharge: amount({ min: 0 }),
    standingChargeDescription: optional(description()),
    standingChargeInterval: withDefault(integer({ min: 1, max: 365 }), 1),
    standingChargeOffset: withDefault(integer({ min: 0, max: 364 }), 0),
    standingChargeBillInAdvance: optional(flag()),
    minimumSpend: optional(amount({ min: 0 })),
    minimumSpendDescription: optional(description()),
    minimumSpendBillInAdvance: optional(flag()),
    billFrequency: oneOf(BILL_FREQUENCIES),
    billFrequencyInterval: withDefault(integer({ min: 1, max: 365 }), 1),
    ordinal: optional(integer({ min: 0 })),
    customFields: customFields(),
  },
  filters: { productId: equalId('productId'), ids: anyId('id') },
  immutable: ['productId'],
  example: {
    productId: '{Product}',
    name: 'Monthly',
    currency: 'USD',
    standingCharge: 100,
    billFrequency: 'MONTHLY',
  },
  beforeDelete: (scope, { id }) => deletePrices(scope, sql`plan_template_id = ${id}`),
});
