// Spec 40 §4.1, §4.6, §5.4 step 12, §5.8, §6.3: the finished bills of a slot, one per account that has one.
import { sumOf } from '../../kernel/decimal.ts';
import type { Conversion } from '../money/conversion.ts';
import type { BilledPeriod, DraftBill } from './bill.ts';
import { type BillParts, billDates } from './bill-dates.ts';
import { accountsInOrder, existingBillOf, identityOf, membersOf } from './bill-members.ts';
import { isConsolidated } from './bill-slot.ts';
import { billCurrencyOf, type Calculation, type DueSlot } from './calculation.ts';
import type { Draft, DraftLine } from './draft.ts';
import type { DueMember } from './due-member.ts';
import type { AccountFacts } from './facts.ts';
import { textOrder } from './facts-index.ts';
import { numberedLines } from './line-order.ts';
import { timeChargeKeys } from './opening-charges.ts';
import { servicePeriod } from './time-charge.ts';

/**
 * The bills: that of the parent first, then those of children by code. An account has a bill when it has
 * lines, when a plan billed to it closes a period on the date, or when its bill exists. Locked ones are
 * among them.
 */
export function draftBills(draft: Draft, calculation: Calculation): readonly DraftBill[] {
  const bills: DraftBill[] = [];
  for (const account of accountsInOrder(calculation)) {
    if (!hasBill(draft, calculation, account)) continue;
    if (!isAlone(draft, calculation, account)) {
      bills.push(draftBill(draft, calculation, account));
    } else if (calculation.slot.makesAlone) {
      const slot: DueSlot = { ...calculation.slot, frequencyKey: 'AD_HOC' };
      bills.push(draftBill(draft, Object.assign({}, calculation, { slot }), account));
    }
  }
  return bills;
}

/**
 * Whether a new bill has nothing but charges and fees, so that it is none of the slot's frequency: they were
 * placed on the bill of a child that might have had a share of the parent's block (spec 40 §4.2, §6.3).
 */
function isAlone(draft: Draft, calculation: Calculation, account: AccountFacts): boolean {
  const { slot, index } = calculation;
  if (slot.chargeIds.length + slot.fees.length === 0 || account.id === index.head.id) return false;
  if (isConsolidated(slot) || existingBillOf(calculation, account) !== null) return false;
  const lines = draft.lines.filter((line) => line.billAccountId === account.id);
  const { members, items } = partsOf(calculation, account, lines);
  return members.length === 0 && items.length > 0;
}

function hasBill(draft: Draft, calculation: Calculation, account: AccountFacts): boolean {
  return (
    draft.lines.some((line) => line.billAccountId === account.id) ||
    membersOf(calculation, account).some((member) => member.closing !== null) ||
    existingBillOf(calculation, account) !== null
  );
}

function draftBill(draft: Draft, calculation: Calculation, account: AccountFacts): DraftBill {
  const drafted = draft.lines.filter((line) => line.billAccountId === account.id);
  const lines = numberedLines(drafted);
  const parts = partsOf(calculation, account, drafted);
  const currency = billCurrencyOf(calculation, account.id);
  const dates = billDates(calculation, parts);
  return {
    identity: identityOf(calculation, account),
    existingBillId: parts.existing?.id ?? null,
    startDate: dates.startDate,
    endDate: dates.endDate,
    startDateTimeUTC: dates.startDateTimeUTC,
    endDateTimeUTC: dates.endDateTimeUTC,
    billDate: dates.billDate,
    dueDate: dates.dueDate,
    externalInvoiceDate: dates.externalInvoiceDate,
    billingFrequency: dates.billingFrequency,
    billFrequencyInterval: dates.billFrequencyInterval,
    timezone: dates.timezone,
    currency,
    currencyConversions: conversionsUsed(drafted, currency),
    purchaseOrderNumber: purchaseOrderNumber(calculation, parts),
    billTotal: sumOf(lines.map((line) => line.convertedSubtotal)),
    lines,
    draws: draft.draws
      .filter((draw) => draw.billAccountId === account.id)
      .map(({ billAccountId: _, ...draw }) => draw),
    isEmpty: lines.length === 0,
    stamp: calculation.slot.stamp,
    periods: membersOf(calculation, account).map((member) => billedPeriod(calculation, member)),
  };
}

/**
 * Besides the account's own members those of the parent whose block has a share on this bill. A plan that
 * only opens here and charges nothing makes no bill due (spec 40 §4.6): the bill is not of its frequency.
 */
function partsOf(calculation: Calculation, account: AccountFacts, lines: readonly DraftLine[]): BillParts {
  const own = membersOf(calculation, account);
  const dated = lines.filter(isOfItsOwnDate).map(servicePeriod);
  // Draws alone, for lines of a child's own bill, have their own time too.
  const items = dated.length > 0 || own.length > 0 ? dated : lines.map(servicePeriod);
  const keys = new Set([
    ...own.filter((member) => member.closing !== null).map((member) => member.attached.key),
    ...lines.map((line) => line.attachedKey),
  ]);
  const due = calculation.members.filter((member) => keys.has(member.attached.key));
  return {
    account,
    members: due.length === 0 && items.length === 0 ? own : due,
    existing: existingBillOf(calculation, account),
    items,
  };
}

/** Charges and fees, which have a bill date themselves. */
function isOfItsOwnDate({ chargeId, lineItemType }: DraftLine): boolean {
  return chargeId !== null || lineItemType === 'COMMITMENT_FEE';
}

function billedPeriod(calculation: Calculation, member: DueMember): BilledPeriod {
  const { attached, closing, opening } = member;
  const { advanceChargeKeys, arrearsChargeKeys } = timeChargeKeys(calculation, member);
  return {
    accountPlanId: attached.accountPlan.id,
    planId: attached.plan.id,
    period: closing === null ? null : { start: closing.start, end: closing.end },
    advanceChargeKeys,
    openedUntil: opening?.end ?? null,
    arrearsChargeKeys,
  };
}

/** The snapshot of the rates that lines of the bill were converted with. */
function conversionsUsed(lines: readonly DraftLine[], to: string): readonly Conversion[] {
  const used = lines
    .filter((line) => line.currency !== to)
    .map((line) => [line.currency, { from: line.currency, to, multiplier: line.conversionRate }] as const);
  return [...new Map(used).values()].toSorted((a, b) => textOrder(a.from, b.from));
}

/** The account's number; on the bill of an exclusive contract that contract's, if it has one. */
function purchaseOrderNumber({ slot, index }: Calculation, { account }: BillParts): string | null {
  const [kind, contractId = ''] = slot.groupKey.split(':');
  const contract = kind === 'contract' ? index.contracts.get(contractId) : undefined;
  return contract?.purchaseOrderNumber ?? account.purchaseOrderNumber;
}
