import {
  amount,
  assigned,
  code,
  customFields,
  date,
  dateTime,
  flag,
  integer,
  longText,
  name,
  oneOf,
  optional,
  reference,
  text,
} from '../../api/fields.ts';
import { declaredResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { type ChargeSchedule, chargeAfter } from '../../engine/billing/charge-schedule.ts';
import { refusal } from '../../kernel/errors.ts';
import { isStorableInstant } from '../../kernel/time.ts';
import {
  balanceIdOf,
  type OrganizationCalendar,
  organizationCalendar,
  SCHEDULE_FREQUENCIES,
} from '../accounts/index.ts';
import { currencyMustBeLive } from '../organization/index.ts';
import { amountOrUnitPrice, servicePeriodMustFit } from './charge-terms.ts';

/** Charges for a balance at regular dates (spec 50 §9). */
export const balanceChargeSchedule = declaredResource({
  name: 'BalanceChargeSchedule',
  path: 'balances/{balanceId}/balancechargeschedules',
  summary: 'a balance charge schedule',
  table: 'balance_charge_schedule',
  permission: 'config:charge',
  event: 'billing.scheduledbalancecharge',
  maxPageSize: 200,
  fields: {
    balanceId: assigned(reference('Balance'), null),
    name: name(),
    code: code(),
    currency: text({ max: 80 }),
    servicePeriodStartDate: dateTime(),
    servicePeriodEndDate: dateTime(),
    billFrequency: oneOf(SCHEDULE_FREQUENCIES),
    billFrequencyInterval: integer({ min: 1, max: 365 }),
    billInAdvance: flag(),
    billEpoch: optional(date()),
    chargeDescription: longText(),
    amount: optional(amount({ min: 0 })),
    units: optional(amount()),
    unitPrice: optional(amount()),
    customFields: customFields(),
    nextRun: assigned(dateTime(), null),
    previousRun: assigned(dateTime(), null),
    lastOccurrence: assigned(dateTime(), null, { hidden: true }),
    countedBy: assigned(longText(), null, { hidden: true }),
  },
  example: {
    name: 'Monthly fee',
    code: 'fee',
    currency: 'USD',
    servicePeriodStartDate: '2024-01-01T00:00:00Z',
    servicePeriodEndDate: '2025-01-01T00:00:00Z',
    billFrequency: 'MONTHLY',
    billFrequencyInterval: 1,
    billInAdvance: true,
    chargeDescription: 'Fee',
    amount: 50,
  },
  complete: async (values, before, scope) => {
    amountOrUnitPrice(values);
    servicePeriodMustFit(values, { mayBeEmpty: false });
    const schedule = chargeScheduleOf(await organizationCalendar(scope.tx, scope.orgId), values);
    const nextRun = chargeAfter(schedule, values.lastOccurrence)?.runAt ?? null;
    if (nextRun !== null && !isStorableInstant(nextRun)) {
      throw refusal('VALIDATION_FAILED', 'servicePeriodStartDate', 'has no bill date in the years 1 to 9999');
    }
    return { ...values, balanceId: before?.balanceId ?? balanceIdOf(scope), nextRun };
  },
  check: async (scope, next, before) => {
    if (next.currency !== before?.currency) await currencyMustBeLive(scope, next.currency);
  },
});

export type StoredChargeSchedule = EntityOf<(typeof balanceChargeSchedule)['fields']>;

type Terms = Pick<
  StoredChargeSchedule,
  | 'servicePeriodStartDate'
  | 'servicePeriodEndDate'
  | 'billFrequency'
  | 'billFrequencyInterval'
  | 'billInAdvance'
  | 'billEpoch'
>;

/** The schedule as the engine takes it, under the zone and the epochs of the organization. */
export function chargeScheduleOf({ zone, epochs }: OrganizationCalendar, terms: Terms): ChargeSchedule {
  return {
    times: {
      start: terms.servicePeriodStartDate,
      end: terms.servicePeriodEndDate,
      frequency: terms.billFrequency,
      interval: terms.billFrequencyInterval,
      zone,
    },
    inAdvance: terms.billInAdvance,
    billEpoch: terms.billEpoch,
    epochs,
  };
}
