// Spec 40 §5.4, §8.5, §14: all bills that a job, a preview or a recalculation makes of one account unit.
import type { UsageAnswers, UsageQuery } from '../metering/usage-query.ts';
import type { BillIdentity, BillsCalculation, DraftBill, FailedBills } from './bill.ts';
import type { BillRecord } from './bill-history.ts';
import { existingBillOf } from './bill-members.ts';
import { isSameSlot } from './bill-slot.ts';
import { type Calculation, calculationOf, type DueSlot } from './calculation.ts';
import { billedDraws, type KnownDraw } from './credit-draw.ts';
import { type Draft, EMPTY_DRAFT } from './draft.ts';
import { draftBills } from './draft-bills.ts';
import { dueSlots } from './due-slots.ts';
import type { BillFacts } from './facts.ts';
import { type FactsIndex, factsIndex, rowOf, sortedBy } from './facts-index.ts';
import { dueBillsOf } from './slot-bills.ts';
import { steps } from './steps.ts';

type Outcome = {
  /** The unit's bills as they stand after the slots so far: later ones build on what earlier ones billed. */
  readonly records: readonly BillRecord[];
  /** What these bills take from credits: no money is drawn twice. */
  readonly draws: readonly KnownDraw[];
  readonly needs: readonly UsageQuery[];
  readonly bills: readonly DraftBill[];
  readonly failed: readonly FailedBills[];
};

/**
 * The bills of one account unit. Call with no answers first; while the result is `needs`, answer the queries
 * and call again with all answers so far. The result depends on the arguments only, not on the order of
 * rows.
 */
export function calculateBills(facts: BillFacts, answers: UsageAnswers): BillsCalculation {
  const { index, slots } = preparedFacts(facts);
  let outcome: Outcome = {
    records: facts.bills,
    draws: billedDraws(facts),
    needs: [],
    bills: [],
    failed: [],
  };
  for (const slot of slots) {
    const { records: bills, draws } = outcome;
    outcome = withSlot(outcome, calculationOf(index, slot, { bills, answers, draws }));
  }
  const { needs, bills, failed } = outcome;
  return needs.length > 0
    ? { kind: 'needs', queries: uniqueQueries(needs) }
    : { kind: 'bills', bills, failed };
}

type PreparedFacts = { readonly index: FactsIndex; readonly slots: readonly DueSlot[] };

/** What does not depend on answers: a calculation that asks is called again with the same facts. */
const prepared = new WeakMap<BillFacts, PreparedFacts>();

function preparedFacts(facts: BillFacts): PreparedFacts {
  const known = prepared.get(facts);
  if (known !== undefined) return known;
  const index = factsIndex(facts);
  const made = { index, slots: dueSlots(index) };
  prepared.set(facts, made);
  return made;
}

function withSlot(outcome: Outcome, calculation: Calculation): Outcome {
  const unlocked = dueBillsOf(calculation).filter((due) => !due.locked);
  if (unlocked.length === 0) return outcome;
  const draft = drafted(calculation);
  if (draft.needs.length > 0) return { ...outcome, needs: [...outcome.needs, ...draft.needs] };
  if (draft.failure !== null) {
    const failed = { identities: unlocked.map((due) => due.identity), failure: draft.failure };
    return { ...outcome, failed: [...outcome.failed, failed] };
  }
  const bills = draftBills(draft, calculation).filter((bill) => !isLocked(calculation, bill.identity));
  const replaced = outcome.records.filter(
    (record) => !bills.some((bill) => isSame(bill.identity, record.identity)),
  );
  return {
    ...outcome,
    records: [...replaced, ...bills],
    draws: [...calculation.otherDraws, ...bills.flatMap(drawsOfBill)],
    bills: [...outcome.bills, ...bills],
  };
}

function drawsOfBill({ existingBillId, draws }: DraftBill): readonly KnownDraw[] {
  return draws.map(({ creditId, phase, amount }) => ({ billId: existingBillId, creditId, phase, amount }));
}

/** The steps in order, until one asks or fails. */
function drafted(calculation: Calculation): Draft {
  let draft = EMPTY_DRAFT;
  for (const step of steps) {
    draft = step(draft, calculation);
    if (draft.needs.length > 0 || draft.failure !== null) return draft;
  }
  return draft;
}

function isLocked(calculation: Calculation, { accountId }: BillIdentity): boolean {
  const account = rowOf(calculation.index.accounts, accountId);
  return existingBillOf(calculation, account)?.locked ?? false;
}

function isSame(a: BillIdentity, b: BillIdentity): boolean {
  return a.accountId === b.accountId && isSameSlot(a, b);
}

function uniqueQueries(queries: readonly UsageQuery[]): readonly UsageQuery[] {
  const unique = new Map(queries.map((query) => [query.key, query]));
  return sortedBy([...unique.values()], (query) => query.key);
}
