import { sql } from 'kysely';
import { endMustFollowStart } from '../../api/body-rules.ts';
import {
  amount,
  date,
  dateTime,
  description,
  flag,
  group,
  integer,
  list,
  oneOf,
  optional,
  reference,
  text,
  withDefault,
} from '../../api/fields.ts';
import { anyId, equalId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { ZERO } from '../../kernel/decimal.ts';
import { currencyMustBeLive } from '../organization/index.ts';
import { CHILD_BILLING_MODES } from './account-plan.ts';
import { activeOn, endingBefore, endingFrom, endsNeedAccount, forProduct } from './commitment-filters.ts';
import { commitmentMustBeUnbilled, commitmentMustFit } from './commitment-rules.ts';
import { contractMustFit } from './contract-link.ts';
import { productsMustExist } from './products-must-exist.ts';

/** Types of lines that a commitment can pay for (spec 50 §4.1). */
const COMMITMENT_LINE_ITEM_TYPES = [
  'STANDING_CHARGE',
  'USAGE',
  'MINIMUM_SPEND',
  'COUNTER_RUNNING_TOTAL_CHARGE',
  'COUNTER_ADJUSTMENT_DEBIT',
] as const;

const feeDate = group({
  date: date(),
  amount: amount({ above: 0 }),
  servicePeriodStartDate: dateTime(),
  servicePeriodEndDate: dateTime(),
});

/**
 * An amount that an account owes whatever it uses; its bills draw on it (spec 50 §4). What is spent is the
 * sum of what bills have drawn, which is kept in `commitment_movement`.
 */
export const commitment = defineResource({
  name: 'Commitment',
  path: 'commitments',
  summary: 'a commitment',
  table: 'commitment',
  permission: 'config:commitment',
  event: 'configuration.commitment',
  maxPageSize: 100,
  fields: {
    accountId: reference('Account'),
    amount: amount({ above: 0 }),
    currency: text({ max: 80 }),
    startDate: date(),
    endDate: date(),
    amountPrePaid: withDefault(amount({ min: 0 }), ZERO),
    amountFirstBill: optional(amount({ min: 0 })),
    billingPlanId: optional(reference('Plan')),
    billingInterval: withDefault(integer({ min: 1, max: 365 }), 1),
    billingOffset: withDefault(integer({ min: 0, max: 364 }), 0),
    billEpoch: optional(date()),
    commitmentFeeBillInAdvance: optional(flag()),
    feeDates: withDefault(list(feeDate), []),
    productIds: withDefault(list(reference('Product'), { max: 100 }), []),
    lineItemTypes: withDefault(list(oneOf(COMMITMENT_LINE_ITEM_TYPES)), []),
    overageSurchargePercent: optional(amount({ min: -100 })),
    separateOverageUsage: withDefault(flag(), false),
    commitmentFeeDescription: optional(description()),
    commitmentUsageDescription: optional(description()),
    overageDescription: optional(description()),
    accountingProductId: optional(reference('Product')),
    feesAccountingProductId: optional(reference('Product')),
    drawdownsAccountingProductId: optional(reference('Product')),
    contractId: optional(reference('Contract')),
    childBillingMode: withDefault(oneOf(CHILD_BILLING_MODES), 'PARENT_BREAKDOWN'),
  },
  computed: {
    amountSpent: {
      schema: amount(),
      sql: sql`select coalesce(sum(m.amount), 0) from commitment_movement m
        where m.org_id = commitment.org_id and m.commitment_id = commitment.id and m.kind = 'DRAW'`,
    },
  },
  filters: {
    accountId: equalId('accountId'),
    productId: forProduct(),
    contractId: equalId('contractId'),
    date: activeOn(),
    endDateStart: endingFrom(),
    endDateEnd: endingBefore(),
    ids: anyId('id'),
  },
  listRules: endsNeedAccount,
  immutable: ['accountId'],
  example: {
    accountId: '{Account}',
    amount: 12000,
    currency: 'USD',
    startDate: '2024-01-01',
    endDate: '2025-01-01',
  },
  complete: (values) => {
    endMustFollowStart(values);
    commitmentMustFit(values);
    return values;
  },
  check: async (scope, next, before) => {
    if (next.currency !== before?.currency) {
      await currencyMustBeLive(scope, next.currency);
      if (before) await commitmentMustBeUnbilled(scope, next.id);
    }
    await contractMustFit(scope, next);
    await productsMustExist(scope, next.productIds);
  },
});
