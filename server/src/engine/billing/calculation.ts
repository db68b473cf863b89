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
import type { AccountFacts, ExistingBillFacts } from './facts.ts';
import type { FactsIndex } from './facts-index.ts';

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
  /** Accounts whose bill of the slot stays as it is: it is locked, or it cannot be calculated. */
  readonly unwritten: ReadonlySet<string>;
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
type SlotPlans = Pick<Calculation, 'history' | 'existingBills' | 'attachedPlans' | 'members'>;

const plansOfSlots = rememberingLast<DueSlot, SlotPlans>();

function slotPlans(index: FactsIndex, slot: DueSlot, bills: readonly BillRecord[]): SlotPlans {
  const history = billHistory(slot, bills);
  const all = attachedPlans(index, slot.stamp);
  const members = all
    .map((attached) => dueMember(attached, slot, history))
    .filter((member) => member !== null);
  const existingBills = index.facts.bills.filter((bill) => isSameSlot(bill.identity, slot));
  return { history, existingBills, attachedPlans: all, members };
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
  const { history, existingBills, attachedPlans: all, members } = plans;
  const locked = existingBills.filter((bill) => bill.locked).map((bill) => bill.identity.accountId);
  const unwritten = new Set([...locked, ...failed]);
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
    lookups,
    otherDraws,
  };
}

/** Whose bill a line is on, and the child that it names (spec 40 §6.3). */
export type Placement = {
  readonly billAccountId: string;
  readonly childAccount: AccountFacts | null;
};

/**
 * Where lines of an attachment go that belong to `owner`: the parent's own stay on the parent's bill, a
 * child's go there with the child named (PARENT_BREAKDOWN), there without a name (PARENT_SUMMARY) or to its
 * own bill.
 */
export function placementOf(index: FactsIndex, attached: AttachedPlan, owner: AccountFacts): Placement {
  const { head } = index;
  const mode = attached.accountPlan.childBillingMode;
  if (owner.id === head.id) return { billAccountId: head.id, childAccount: null };
  if (mode === 'CHILD') return { billAccountId: owner.id, childAccount: null };
  return { billAccountId: head.id, childAccount: mode === 'PARENT_BREAKDOWN' ? owner : null };
}

/** The account whose bill has all usage of the attachment; null when a block goes to several bills. */
export function billOfAll(index: FactsIndex, attached: AttachedPlan): string | null {
  const { account, accountPlan } = attached;
  const isSpread = account.id === index.head.id && accountPlan.childBillingMode === 'CHILD';
  if (isSpread && index.facts.accounts.length > 1) return null;
  return placementOf(index, attached, account).billAccountId;
}

/** Spec 40 §5.7: the job's target currency, else the account's, else the organization's. */
export function billCurrencyOf({ index, slot }: Calculation, accountId: string): string {
  const own = index.accounts.get(accountId)?.currency;
  return slot.stamp.targetCurrency ?? own ?? index.facts.organization.currency;
}
