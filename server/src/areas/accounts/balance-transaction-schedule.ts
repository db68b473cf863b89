import { endMustFollowStart } from '../../api/body-rules.ts';
import {
  amount,
  assigned,
  code,
  customFields,
  dateTime,
  integer,
  longText,
  name,
  oneOf,
  optional,
  reference,
  text,
} from '../../api/fields.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { declaredResource } from '../../api/resource.ts';
import type { EntityOf } from '../../api/resource-spec.ts';
import { occurrenceAfter, type Schedule } from '../../engine/calendar/schedule-occurrences.ts';
import { balanceIdOf } from './balance-schedule-operations.ts';
import { typeMustBeLive } from './post-balance-transaction.ts';

export const SCHEDULE_FREQUENCIES = ['DAILY', 'WEEKLY', 'MONTHLY', 'ANNUALLY'] as const;

/** Money that goes into a balance at regular times (spec 50 §7). */
export const balanceTransactionSchedule = declaredResource({
  name: 'BalanceTransactionSchedule',
  path: 'balances/{balanceId}/balancetransactionschedules',
  summary: 'a balance transaction schedule',
  table: 'balance_transaction_schedule',
  permission: 'config:balancetransaction',
  event: 'billing.scheduledbalancetransaction',
  maxPageSize: 200,
  fields: {
    balanceId: assigned(reference('Balance'), null),
    name: name(),
    code: code(),
    amount: amount({ min: 0 }),
    transactionDescription: longText(),
    transactionTypeId: reference('TransactionType'),
    startDate: dateTime(),
    endDate: dateTime(),
    frequency: oneOf(SCHEDULE_FREQUENCIES),
    frequencyInterval: integer({ min: 1, max: 365 }),
    paid: optional(amount()),
    currencyPaid: optional(text({ max: 80 })),
    customFields: customFields(),
    nextRun: assigned(dateTime(), null),
    previousRun: assigned(dateTime(), null),
    lastOccurrence: assigned(dateTime(), null, { hidden: true }),
    countedBy: assigned(longText(), null, { hidden: true }),
  },
  example: {
    name: 'Monthly top-up',
    code: 'top-up',
    amount: 50,
    transactionDescription: 'Top-up',
    transactionTypeId: '{TransactionType}',
    startDate: '2024-01-01T00:00:00Z',
    endDate: '2025-01-01T00:00:00Z',
    frequency: 'MONTHLY',
    frequencyInterval: 1,
  },
  complete: async (values, before, scope) => {
    endMustFollowStart(values);
    const zone = await organizationZone(scope.tx, scope.orgId);
    const next = occurrenceAfter(transactionTimes(values, zone), values.lastOccurrence);
    return { ...values, balanceId: before?.balanceId ?? balanceIdOf(scope), nextRun: next?.at ?? null };
  },
  check: async ({ tx, orgId }, next, before) => {
    const { transactionTypeId } = next;
    if (transactionTypeId !== before?.transactionTypeId) await typeMustBeLive(tx, orgId, transactionTypeId);
  },
});

export type TransactionSchedule = EntityOf<(typeof balanceTransactionSchedule)['fields']>;

type Times = Pick<TransactionSchedule, 'startDate' | 'endDate' | 'frequency' | 'frequencyInterval'>;

/** The moments of the schedule, by the clock of a zone. */
export function transactionTimes(values: Times, zone: string): Schedule {
  const { startDate: start, endDate: end, frequency, frequencyInterval: interval } = values;
  return { start, end, frequency, interval, zone };
}
