import { sql } from 'kysely';
import {
  amount,
  assigned,
  code,
  date,
  dateTime,
  longText,
  name,
  oneOf,
  optional,
  reference,
  referenceReadLater,
  text,
} from '../../api/fields.ts';
import { anyId, dateParameter, enumParameter, equalId } from '../../api/filters.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope, EntityOf } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import { localDate, type PlainDate } from '../../kernel/time.ts';
import { contractMustFit } from '../accounts/index.ts';
import { currencyMustBeLive } from '../organization/index.ts';
import { amountOrUnitPrice, servicePeriodMustFit } from './charge-terms.ts';

const CHARGE_ENTITY_TYPES = ['AD_HOC', 'BALANCE'] as const;
/** The line that a charge of each type makes. */
const LINE_TYPES = { AD_HOC: 'AD_HOC', BALANCE: 'BALANCE_FEE' } as const;

/**
 * A one-off line of a bill, of an account or for a balance of it (spec 50 §8). One that is on a bill is
 * changed and deleted by `charge-operations.ts`, since that bill follows.
 */
export const charge = defineResource({
  name: 'Charge',
  path: 'charges',
  summary: 'a charge',
  table: 'charge',
  permission: 'config:charge',
  event: 'billing.charge',
  ids: { create: 'CreateCharge' },
  maxPageSize: 200,
  fields: {
    accountId: reference('Account'),
    name: name(),
    code: code(),
    entityType: oneOf(CHARGE_ENTITY_TYPES),
    lineItemType: oneOf(['AD_HOC', 'BALANCE_FEE']),
    entityId: referenceReadLater('Balance'),
    currency: text({ max: 80 }),
    amount: optional(amount()),
    units: optional(amount()),
    unitPrice: optional(amount()),
    servicePeriodStartDate: dateTime(),
    servicePeriodEndDate: dateTime(),
    billDate: optional(date()),
    description: optional(longText()),
    notes: optional(longText()),
    accountingProductId: optional(reference('Product')),
    contractId: optional(reference('Contract')),
    billId: assigned(reference('Bill'), null),
    scheduleId: assigned(reference('BalanceChargeSchedule'), null),
    occurrence: assigned(dateTime(), null, { hidden: true }),
  },
  filters: {
    accountId: equalId('accountId'),
    entityType: {
      schema: enumParameter(CHARGE_ENTITY_TYPES),
      where: (type: string) => sql`entity_type = ${type}`,
    },
    entityId: equalId('entityId'),
    billDate: {
      schema: dateParameter(),
      where: (day: PlainDate) => sql`bill_date = ${String(day)}`,
    },
    scheduleId: equalId('scheduleId'),
    ids: anyId('id'),
  },
  immutable: ['accountId', 'entityType'],
  example: {
    accountId: '{Account}',
    name: 'Setup',
    code: 'setup',
    entityType: 'AD_HOC',
    lineItemType: 'AD_HOC',
    currency: 'USD',
    amount: 250,
    servicePeriodStartDate: '2024-01-01T00:00:00Z',
    servicePeriodEndDate: '2024-02-01T00:00:00Z',
    billDate: '2024-02-01',
  },
  except: ['update', 'delete'],
  complete: async (values, before, scope) => {
    if (values.lineItemType !== LINE_TYPES[values.entityType]) {
      const says = `must be ${LINE_TYPES[values.entityType]} with entityType ${values.entityType}`;
      throw refusal('VALIDATION_FAILED', 'lineItemType', says);
    }
    amountOrUnitPrice(values);
    servicePeriodMustFit(values, { mayBeEmpty: true });
    const created = before?.dtCreated ?? scope.now;
    const zone = await organizationZone(scope.tx, scope.orgId);
    const entityId = values.entityType === 'BALANCE' ? balanceIdFrom(values.entityId) : null;
    return { ...values, entityId, billDate: values.billDate ?? localDate(created, zone) };
  },
  check: async (scope, next, before) => {
    if (next.currency !== before?.currency) await currencyMustBeLive(scope, next.currency);
    await contractMustFit(scope, next);
    if (next.entityId !== null && next.entityId !== before?.entityId) await balanceMustFit(scope, next);
  },
});

function balanceIdFrom(sent: string | null): string {
  if (sent === null) throw refusal('VALIDATION_FAILED', 'entityId', 'is required with entityType BALANCE');
  const id = uuidFromText(sent);
  if (id !== null) return id;
  throw refusal('VALIDATION_FAILED', 'entityId', 'must be a UUID of 36 characters');
}

type Fields = (typeof charge)['fields'];
export type Charge = EntityOf<Fields>;

/** The balance is one of the same account; it stays until the charge is written. */
async function balanceMustFit({ tx, orgId }: CheckScope, { accountId, entityId }: Charge): Promise<void> {
  const { rows } = await sql`
    select from balance where org_id = ${orgId} and id = ${entityId} and account_id = ${accountId}
    for key share`.execute(tx);
  if (rows.length > 0) return;
  throw refusal('REFERENCE_NOT_FOUND', 'entityId', 'is not a balance of the account');
}
