// Spec 50 §4.4-§4.6: what a commitment bills, on which date, on whose bill and under which key.
import { type Decimal, isDecimal, maxOf, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import { isBefore, type PlainDate, Temporal } from '../../kernel/time.ts';
import { type Cycle, isCyclic } from '../calendar/cycle.ts';
import { effectiveEpoch } from '../calendar/epoch.ts';
import { type ClosedSpan, instantsOf } from '../calendar/local-dates.ts';
import {
  type CurrencyRule,
  defaultCurrencyRule,
  isRoundingFailure,
  type RoundingFailure,
  roundAmount,
} from '../money/rounding.ts';
import { splitByFractions } from '../money/split.ts';
import type { LineTiming } from './bill.ts';
import { groupKeyOf } from './bill-slot.ts';
import { type BilledFeeLine, carriersOf, stands } from './billed-fees.ts';
import type { Calculation } from './calculation.ts';
import type { CommitmentFacts, FeeDateFacts } from './commitment-facts.ts';
import type { AccountFacts, AccountPlanFacts, ExistingBillFacts } from './facts.ts';
import { type FactsIndex, textOrder } from './facts-index.ts';
import { type FeeInstalment, feeInstalments } from './fee-instalments.ts';
import { placedFees } from './placed-fees.ts';

/** A fee in the commitment's currency, or why it cannot be rounded; `key` is the same on every bill. */
export type DueFee = {
  readonly commitment: CommitmentFacts;
  readonly key: string;
  readonly date: PlainDate;
  readonly amount: Decimal | RoundingFailure;
  readonly service: ClosedSpan;
  readonly timing: LineTiming;
  readonly due: FeeDue;
  /** The unlocked bills that it is on so far. */
  readonly carriers: readonly ExistingBillFacts[];
};

/**
 * On the bill of its date alone; on a later one once the date has passed and no bill of it can take the fee;
 * or on whichever bill comes next.
 */
export type FeeDue = 'ON_DATE' | 'FROM_DATE' | 'NEXT_BILL';

/** A fee before it is known which bills it is on. */
type Fee = Omit<DueFee, 'carriers'>;

type Billing = { readonly commitment: CommitmentFacts; readonly billed: readonly BilledFeeLine[] };

/** Every fee of a commitment that does not stand on a bill already, but for those of 0. */
export function commitmentFees(index: FactsIndex, billing: Billing): readonly DueFee[] {
  const { commitment, billed } = billing;
  const fees = commitment.billingPlanId === null ? agreedFees(index, billing) : planFees(index, billing);
  return fees
    .filter(({ amount }) => !(isDecimal(amount) && amount.isZero()))
    .map((fee) => ({ ...fee, carriers: carriersOf(billed, fee.key) }));
}

/** Spec 50 §6.9: a child's fees are on the parent's bill unless the commitment says CHILD. */
export function feeAccountId({ head }: FactsIndex, { accountId, childBillingMode }: CommitmentFacts): string {
  return childBillingMode === 'CHILD' ? accountId : head.id;
}

export function feeGroupKey({ contracts }: FactsIndex, { contractId }: CommitmentFacts): string {
  return groupKeyOf(contractId === null ? null : (contracts.get(contractId) ?? null));
}

/** The fees of the slot that are on the account's bill. */
export function feesOf({ index, slot }: Calculation, account: AccountFacts): readonly DueFee[] {
  return slot.fees.filter(({ commitment }) => feeAccountId(index, commitment) === account.id);
}

/** The key of an agreed fee ends in its place among those of its date. */
function agreedFees(index: FactsIndex, { commitment, billed }: Billing): readonly Fee[] {
  const { id, feeDates, amount, amountPrePaid } = commitment;
  if (amount.lte(amountPrePaid)) return [];
  const dates = new Set(feeDates.map((agreed) => agreed.date.toString()));
  const fees: Fee[] = [];
  for (const date of dates) {
    const ofDate = feeDates.filter((agreed) => agreed.date.toString() === date);
    const lines = billed.filter((line) => line.key.startsWith(`fee/${id}/${date}/`));
    const placed = placedFees(
      ofDate.map((agreed) => agreedFee(index, commitment, agreed)),
      lines,
    );
    for (const { fee, place } of placed) fees.push({ ...fee, key: `fee/${id}/${date}/${place}` });
  }
  return fees;
}

function agreedFee(index: FactsIndex, commitment: CommitmentFacts, agreed: FeeDateFacts): Omit<Fee, 'key'> {
  return {
    commitment,
    date: agreed.date,
    amount: roundAmount(agreed.amount, ruleOf(index, commitment.currency)),
    service: { start: agreed.servicePeriodStartDate, end: agreed.servicePeriodEndDate },
    timing: 'ARREARS',
    due: 'FROM_DATE',
  };
}

function planFees(index: FactsIndex, billing: Billing): readonly Fee[] {
  const { commitment, billed } = billing;
  const { id, startDate: start, endDate: end, billingInterval, billingOffset } = commitment;
  const inAdvance =
    commitment.commitmentFeeBillInAdvance ?? index.facts.organization.commitmentFeeBillInAdvance;
  const cycle = cycleOf(index, commitment);
  const all = feeInstalments({
    ...{ start, end, cycle, inAdvance, interval: billingInterval, offset: billingOffset },
  });
  const open = all.filter((fee) => !isSettled(index, billing, fee.date));
  const owed = amountOwed(commitment, billed);
  const timing = inAdvance ? 'ADVANCE' : 'ARREARS';
  const common = { commitment, timing } as const;
  const zone = index.facts.organization.timezone;
  if (open.length === 0) return [{ ...common, ...theRest(index, billing, { all, owed }) }];
  const amounts = amountsOf(index, { commitment, all, open, owed });
  return open.map((fee, at) => ({
    ...common,
    key: `fee/${id}/${fee.date}`,
    date: fee.date,
    amount: 'kind' in amounts ? amounts : (amounts[at] ?? ZERO),
    service: instantsOf(fee.service, zone),
    due: 'ON_DATE',
  }));
}

/** The cycle of the billing plan under the commitment's own epoch, or that of the attached plan. */
function cycleOf(index: FactsIndex, commitment: CommitmentFacts): Cycle | null {
  const { billFrequency, billFrequencyInterval, billEpoch, accountId } = commitment;
  if (billFrequency === null || !isCyclic(billFrequency)) return null;
  const accountEpoch = index.accounts.get(accountId)?.billEpoch ?? null;
  const epoch = effectiveEpoch(billFrequency, {
    own: [billEpoch, attachedEpoch(index, commitment), accountEpoch],
    tables: [index.facts.organization],
  });
  return { frequency: billFrequency, interval: billFrequencyInterval ?? 1, epoch };
}

/**
 * The epoch with which the billing plan is attached to the account, alone or in a group. Of several
 * attachments those during the commitment's term come first, then the earlier ones; the epoch of another one
 * than the first does not count, also when the first has none.
 */
function attachedEpoch(index: FactsIndex, commitment: CommitmentFacts): PlainDate | null {
  const { billingPlanId, accountId, startDate: start, endDate: end } = commitment;
  const term = instantsOf({ start, end }, index.facts.organization.timezone);
  const during = (row: AccountPlanFacts) =>
    isBefore(row.startDate, term.end) && (row.endDate === null || isBefore(term.start, row.endDate));
  const candidates = index.facts.accountPlans.filter(
    (row) => row.accountId === accountId && hasPlan(index, row, billingPlanId),
  );
  const sorted = candidates.toSorted(
    (a, b) => Temporal.Instant.compare(a.startDate, b.startDate) || textOrder(a.id, b.id),
  );
  return (sorted.find(during) ?? sorted[0])?.billEpoch ?? null;
}

function hasPlan(
  { planGroups }: FactsIndex,
  { planId, planGroupId }: AccountPlanFacts,
  id: string | null,
): boolean {
  if (id === null) return false;
  return planId === id || (planGroups.get(planGroupId ?? '')?.planIds.includes(id) ?? false);
}

/** Spec 50 §4.5 rule 7: what stands on bills is not owed any more. */
function amountOwed({ amount, amountPrePaid }: CommitmentFacts, billed: readonly BilledFeeLine[]): Decimal {
  const standing = sumOf(billed.filter((line) => line.open === null).map((line) => line.amount));
  return maxOf(amount.minus(amountPrePaid).minus(standing), ZERO);
}

/** Whether the fee of this date stands, or every bill of it is locked without one. */
function isSettled(index: FactsIndex, { commitment, billed }: Billing, date: PlainDate): boolean {
  const key = `fee/${commitment.id}/${date}`;
  if (stands(billed, key)) return true;
  if (carriersOf(billed, key).length > 0) return false;
  const accountId = feeAccountId(index, commitment);
  const groupKey = feeGroupKey(index, commitment);
  const ofDate = index.facts.bills.filter(
    ({ identity }) =>
      identity.accountId === accountId && identity.groupKey === groupKey && identity.gridDate.equals(date),
  );
  return ofDate.length > 0 && ofDate.every((bill) => bill.locked);
}

type Rest = { readonly all: readonly FeeInstalment[]; readonly owed: Decimal };

/** No bill with a fee is left that is not locked, and something is still owed: the next bill takes it. */
function theRest(index: FactsIndex, { commitment, billed }: Billing, { all, owed: amount }: Rest) {
  const { id, startDate, endDate } = commitment;
  const before = billed.filter((line) => line.open === null && line.key.startsWith(`fee/${id}/rest`));
  const service = instantsOf({ start: startDate, end: endDate }, index.facts.organization.timezone);
  const date = all.at(-1)?.date ?? startDate;
  return { key: `fee/${id}/rest/${before.length}`, date, amount, service, due: 'NEXT_BILL' } as const;
}

type Sharing = {
  readonly commitment: CommitmentFacts;
  readonly all: readonly FeeInstalment[];
  readonly open: readonly FeeInstalment[];
  readonly owed: Decimal;
};

/**
 * Spec 50 §4.5 rules 5-7. 6000 owed in four quarters with 1500 first: 1500, and 4500 in three equal parts;
 * the last one takes what rounding leaves.
 */
function amountsOf(index: FactsIndex, sharing: Sharing): readonly Decimal[] | RoundingFailure {
  const { commitment, all, open, owed } = sharing;
  const { amountFirstBill } = commitment;
  const rule = ruleOf(index, commitment.currency);
  const weights = open.map((fee) => fee.weight);
  const isFirstOpen = open[0] === all[0] && open.length > 1;
  if (amountFirstBill === null || !isFirstOpen) return splitByFractions(owed, weights, rule);
  const asked = roundAmount(amountFirstBill, rule);
  if (isRoundingFailure(asked)) return asked;
  const first = minOf(asked, owed);
  const others = splitByFractions(owed.minus(first), weights.slice(1), rule);
  return 'kind' in others ? others : [first, ...others];
}

function ruleOf({ currencies }: FactsIndex, code: string): CurrencyRule {
  return currencies.get(code) ?? defaultCurrencyRule(code);
}
