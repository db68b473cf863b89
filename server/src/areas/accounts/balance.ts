import { sql } from 'kysely';
import { endMustFollowStart, isEarlier } from '../../api/body-rules.ts';
import {
  amount,
  code,
  customFields,
  dateTime,
  description,
  flag,
  list,
  longText,
  name,
  oneOf,
  optional,
  reference,
  text,
  withDefault,
} from '../../api/fields.ts';
import { anyId, equalId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
import { recordEvent } from '../../store/outbox.ts';
import { currencyMustBeLive } from '../organization/index.ts';
import {
  contractIdOrNone,
  contractNamed,
  effectiveEndBefore,
  effectiveEndFrom,
  unlinkedOnRequest,
} from './balance-filters.ts';
import { contractMustFit } from './contract-link.ts';
import { productsMustExist } from './products-must-exist.ts';

/** Types of lines that a balance can pay for (spec 50 §5.1). */
export const BALANCE_LINE_ITEM_TYPES = [
  'STANDING_CHARGE',
  'USAGE',
  'MINIMUM_SPEND',
  'COUNTER_RUNNING_TOTAL_CHARGE',
  'COUNTER_ADJUSTMENT_DEBIT',
  'AD_HOC',
] as const;

/**
 * Money that an account has paid in and its bills draw on (spec 50 §5). What it holds is the sum of the
 * transactions that have been applied: see `balance-transaction.ts`.
 */
export const balance = defineResource({
  name: 'Balance',
  path: 'balances',
  summary: 'a balance',
  table: 'balance',
  permission: 'config:balance',
  event: 'billing.balance',
  maxPageSize: 100,
  fields: {
    accountId: reference('Account'),
    name: name(),
    code: code(),
    description: optional(longText()),
    currency: text({ max: 80 }),
    startDate: dateTime(),
    endDate: dateTime(),
    rolloverEndDate: optional(dateTime()),
    rolloverAmount: optional(amount({ min: 0 })),
    productIds: withDefault(list(reference('Product')), []),
    lineItemTypes: withDefault(list(oneOf(BALANCE_LINE_ITEM_TYPES)), []),
    contractId: optional(reference('Contract')),
    balanceDrawDownDescription: optional(description()),
    overageDescription: optional(description()),
    overageSurchargePercent: optional(amount({ min: -100 })),
    consumptionsAccountingProductId: optional(reference('Product')),
    feesAccountingProductId: optional(reference('Product')),
    allowOverdraft: optional(flag()),
    customFields: customFields(),
  },
  computedAt: { amount: { schema: amount(), sql: heldAt } },
  filters: {
    accountId: equalId('accountId'),
    contractId: contractIdOrNone(),
    contract: contractNamed(),
    endDateStart: effectiveEndFrom(),
    endDateEnd: effectiveEndBefore(),
    ids: anyId('id'),
  },
  listRules: unlinkedOnRequest,
  immutable: ['accountId'],
  example: {
    accountId: '{Account}',
    name: 'Wallet',
    code: 'wallet',
    currency: 'USD',
    startDate: '2024-01-01T00:00:00Z',
    endDate: '2025-01-01T00:00:00Z',
  },
  // Billing deletes it with the charges for it.
  except: ['delete'],
  complete: (values) => {
    endMustFollowStart(values);
    const { endDate, rolloverEndDate, rolloverAmount } = values;
    if (rolloverAmount !== null && rolloverEndDate === null) {
      throw refusal('VALIDATION_FAILED', 'rolloverEndDate', 'is required with a rolloverAmount');
    }
    if (rolloverEndDate !== null && !isEarlier(endDate, rolloverEndDate)) {
      throw refusal('VALIDATION_FAILED', 'rolloverEndDate', 'must be later than endDate');
    }
    return values;
  },
  check: async (scope, next, before) => {
    if (next.currency !== before?.currency) {
      await currencyMustBeLive(scope, next.currency);
      if (before) await mustBeUnused(scope, next.id);
    }
    await contractMustFit(scope, next);
    await productsMustExist(scope, next.productIds);
    if (!before) await recordAmountEvent(scope, 'created', { newDto: next });
  },
  beforeDelete: (scope, before) => recordAmountEvent(scope, 'deleted', { oldDto: before }),
});

/** The second event of a balance that appears or goes away (spec 60 §1.3). */
async function recordAmountEvent(scope: CheckScope, verb: 'created' | 'deleted', dto: Row): Promise<void> {
  await recordEvent(scope.tx, scope.writer, { name: `billing.balanceamount.${verb}`, attributes: dto });
}

/**
 * What a balance holds at a moment: all transactions applied by then, draw-downs included (spec 50
 * §5.1).
 */
function heldAt(now: Instant) {
  return sql`select coalesce(sum(t.amount), 0) from balance_transaction t
    where t.org_id = balance.org_id and t.balance_id = balance.id
      and (t.announced or t.applied_date <= ${now})`;
}

/** Amounts are in the balance's currency, so it stays once there are any. */
async function mustBeUnused({ tx, orgId }: CheckScope, balanceId: string): Promise<void> {
  const { rows } = await sql`
    select from balance_transaction where org_id = ${orgId} and balance_id = ${balanceId} limit 1`.execute(
    tx,
  );
  if (rows.length === 0) return;
  throw refusal('IMMUTABLE_FIELD', 'currency', 'cannot be changed once there are transactions');
}
