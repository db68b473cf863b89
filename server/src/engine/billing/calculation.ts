// Spec 40 §5.4: what every step of one calculation reads: the facts, the slot, the due plans and the answers.
import { rememberingLast } from '../../kernel/memo.ts';
import { type LookupReader, lookupReader } from '../expression/lookups.ts';
import type { UsageAnswers } from '../metering/usage-query.ts';
import { type AttachedPlan, attachedPlans } from './attached-plan.ts';
import type { BillStamp } from './bill.ts';
import { type BillHistory, type BillRecord, billHistory } from './bill-history.ts';
import { type BillSlot, isSameSlot } from './bill-slot.ts';
import type { KnownDraw } from './credit-draw.ts';
import type { DueFee } from './due-fees.ts';
import { type DueMember, dueMember } from './due-member.ts';
import type { ExistingBillFacts } from './facts.ts';
import type { FactsIndex } from './facts-index.ts';
import { type HeldPlaces, heldPlaces, isKept } from './held-places.ts';

/** A slot to calculate, and under which zone, rates and dates. */
export type DueSlot = BillSlot & {
  readonly stamp: BillStamp;
  /** The job names AD_HOC, so plans without a cycle take part. */
  readonly adHocNamed: boolean;
  /** Whether a bill may be made that has nothing but charges and fees of the slot's date. */
  readonly makesAlone: boolean;
  /** The charges that are on the slot's bills. */
  readonly chargeIds: readonly string[];
  /** The commitment fees that are on the slot's bills. */
  readonly fees: readonly DueFee[];
};

export type Calculation = {
  readonly index: FactsIndex;
  readonly slot: DueSlot;
  readonly history: BillHistory;
  /** The slot's bills as the shell stored them, one per account at most. */
  readonly existingBills: readonly ExistingBillFacts[];
  /** Every attached plan of the unit, also those that this slot does not bill. */
  readonly attachedPlans: readonly AttachedPlan[];
  /** The attached plans that this slot bills, ordered by key. */
  readonly members: readonly DueMember[];
  readonly answers: UsageAnswers;
  /** Accounts whose bill of the slot stays as it is: it is locked or settled, or it cannot be calculated. */
  readonly unwritten: ReadonlySet<string>;
  /** What bills that stay as they are hold of the slot's plans. */
  readonly held: HeldPlaces;
  readonly lookups: LookupReader;
  /** What bills take from the unit's credits, without the bills that this calculation replaces. */
  readonly otherDraws: readonly KnownDraw[];
};

type Known = {
  readonly bills: readonly BillRecord[];
  readonly answers: UsageAnswers;
  readonly lookups?: LookupReader;
  readonly draws?: readonly KnownDraw[];
  /** Accounts whose bill of the slot was found not to be calculable. */
  readonly failed?: Iterable<string>;
};

/** The part that only depends on the bills: the same when a calculation that has asked is called again. */
type SlotPlans = Pick<Calculation, 'history' | 'existingBills' | 'attachedPlans' | 'members' | 'held'>;

const plansOfSlots = rememberingLast<DueSlot, SlotPlans>();

function slotPlans(index: FactsIndex, slot: DueSlot, bills: readonly BillRecord[]): SlotPlans {
  const history = billHistory(slot, bills, index.facts.formerBills ?? []);
  const all = attachedPlans(index, slot.stamp);
  const members = all
    .map((attached) => dueMember(attached, slot, history))
    .filter((member) => member !== null);
  const existingBills = index.facts.bills.filter((bill) => isSameSlot(bill.identity, slot));
  return { history, existingBills, attachedPlans: all, members, held: heldPlaces(existingBills, all) };
}

/**
 * The calculation of one slot against the bills as they stand, which are stored ones or ones just
 * calculated.
 */
export function calculationOf(
  index: FactsIndex,
  slot: DueSlot,
  { bills, answers, lookups = lookupReader(new Map()), draws = [], failed = [] }: Known,
): Calculation {
  const plans = plansOfSlots(slot, [index, bills], () => slotPlans(index, slot, bills));
  const { history, existingBills, attachedPlans: all, members, held } = plans;
  const kept = existingBills.filter(isKept).map((bill) => bill.identity.accountId);
  const unwritten = new Set([...kept, ...failed]);
  const replaced = new Set(
    existingBills.filter((bill) => !unwritten.has(bill.identity.accountId)).map((bill) => bill.id),
  );
  const otherDraws = draws.filter((draw) => draw.billId === null || !replaced.has(draw.billId));
  return {
    index,
    slot,
    history,
    existingBills,
    attachedPlans: all,
    members,
    answers,
    unwritten,
    held,
    lookups,
    otherDraws,
  };
}

/** Spec 40 §5.7: the job's target currency, else the account's, else the organization's. */
export function billCurrencyOf({ index, slot }: Calculation, accountId: string): string {
  const own = index.accounts.get(accountId)?.currency;
  return slot.stamp.targetCurrency ?? own ?? index.facts.organization.currency;
}
