import type { BillIdentity, DraftBill, FailedBills } from '../../engine/billing/bill.ts';
import { isSameSlot } from '../../engine/billing/bill-slot.ts';
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
  return identities.map((identity) => ({
    severity: 'ERROR',
    description: failureText(facts, identity, failure),
    entityType: 'Account',
    entityId: identity.accountId,
  }));
}

/** Names account, bill date and cause (spec 40 §14). */
export function failureText(
  facts: BillFacts,
  identity: BillIdentity,
  failure: FailedBills['failure'],
): string {
  const code = codeOf(facts, identity.accountId);
  const date = billDateOf(facts, identity);
  return `Bill of account ${code} dated ${date} could not be calculated: ${failureMessage(failure)}`;
}

/** The date that a job has stamped on the bill or would, else the one that the bill is identified by. */
function billDateOf({ target, bills }: BillFacts, identity: BillIdentity): PlainDate {
  const { accountId, gridDate } = identity;
  if (target.kind === 'CREATE' && target.schedule === undefined) {
    return (target.lastDateInBillingPeriod && target.billDate) ?? gridDate;
  }
  const existing = bills.find(
    (bill) => bill.identity.accountId === accountId && isSameSlot(bill.identity, identity),
  );
  return existing?.stamp.billDate ?? gridDate;
}

/** The code of an account of the unit. */
export function codeOf(facts: BillFacts, accountId: string): string {
  return present(
    facts.accounts.find((account) => account.id === accountId),
    'the account of a bill',
  ).code;
}
