import type { DraftBill, FailedBills } from '../../engine/billing/bill.ts';
import type { BillFacts } from '../../engine/billing/facts.ts';
import { failureMessage } from '../../engine/billing/failure-message.ts';
import { present } from '../../kernel/assert.ts';
import type { PlainDate } from '../../kernel/time.ts';
import type { Writer } from '../../store/entity-store.ts';
import type { Change } from '../../store/outbox.ts';
import { alertChange } from '../organization/index.ts';
import type { CalculatedUnit } from './calculate-units.ts';

type Alert = {
  readonly severity: 'INFO' | 'ERROR';
  readonly description: string;
  readonly entityType: 'Bill' | 'Account' | 'Balance';
  readonly entityId: string;
};

/** The system alert of a bill job, to be recorded (spec 40 §7.7, 60 §2.2). */
export function billJobAlert(writer: Writer, alert: Alert): Change {
  return alertChange(writer, { type: 'BILL_JOB', ...alert });
}

export function billCreatedAlert(
  billId: string,
  { billDate, billTotal, currency }: DraftBill,
  code: string,
): Alert {
  return {
    severity: 'INFO',
    description: `Bill of account ${code} dated ${billDate} was created: ${billTotal.toFixed()} ${currency}`,
    entityType: 'Bill',
    entityId: billId,
  };
}

/** An alert for each bill of the unit that could not be calculated, or one for the unit when that broke. */
export function failureAlerts({ unitId, facts, failed, error }: CalculatedUnit): readonly Alert[] {
  const alerts = failed.flatMap((failure) => bodiesOf(facts, failure));
  if (error === null) return alerts;
  const description = `Bills of account ${codeOf(facts, unitId)} could not be calculated: internal error`;
  return [...alerts, { severity: 'ERROR', description, entityType: 'Account', entityId: unitId }];
}

function bodiesOf(facts: BillFacts, { identities, failure }: FailedBills): readonly Alert[] {
  return identities.map(({ accountId, gridDate }) => ({
    severity: 'ERROR',
    description: failureText(codeOf(facts, accountId), gridDate, failureMessage(failure)),
    entityType: 'Account',
    entityId: accountId,
  }));
}

/** Names account, bill date and cause (spec 40 §14). */
export function failureText(accountCode: string, billDate: PlainDate, reason: string): string {
  return `Bill of account ${accountCode} dated ${billDate} could not be calculated: ${reason}`;
}

/** The code of an account of the unit. */
export function codeOf(facts: BillFacts, accountId: string): string {
  return present(
    facts.accounts.find((account) => account.id === accountId),
    'the account of a bill',
  ).code;
}
