// Spec 40 §5.4, §8.5, §14: all bills that a job, a preview or a recalculation makes of one account unit.
import { assert, present } from '../../kernel/assert.ts';
import {
  type LookupReader,
  type LookupRows,
  type LookupTables,
  lookupReader,
} from '../expression/lookups.ts';
import type { UsageAnswers, UsageQuery } from '../metering/usage-query.ts';
import type { BillIdentity, BillsCalculation, DraftBill, FailedBills } from './bill.ts';
import type { BillRecord } from './bill-history.ts';
import { identityOf } from './bill-members.ts';
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
 * The bills of one account unit. Call with no answers first; while the result is `needs`, answer the queries,
 * read the rows of lookup tables into the facts and call again with all answers so far. The result depends on
 * the arguments only, not on the order of rows.
 */
export function calculateBills(facts: BillFacts, answers: UsageAnswers): BillsCalculation {
  const { index, slots } = preparedFacts(facts);
  const lookups = lookupReader(lookupTablesOf(facts));
  let outcome: Outcome = {
    records: facts.bills,
    draws: billedDraws(facts),
    needs: [],
    bills: [],
    failed: [],
  };
  for (const slot of slots) {
    outcome = withSlot(outcome, { index, slot, answers, lookups });
  }
  const { needs, bills, failed } = outcome;
  return needs.length + lookups.needs.size > 0
    ? { kind: 'needs', queries: uniqueQueries(needs), lookups: [...lookups.needs.values()] }
    : { kind: 'bills', bills, failed };
}

function lookupTablesOf({ lookupTables, lookupRows }: BillFacts): LookupTables {
  const tables = [...(lookupTables ?? [])].map(([code, revision]) => {
    const rows: LookupRows = lookupRows?.get(code) ?? new Map();
    return [code, revision && { rows, ...revision }] as const;
  });
  return new Map(tables);
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

type Slotted = {
  readonly index: FactsIndex;
  readonly slot: DueSlot;
  readonly answers: UsageAnswers;
  readonly lookups: LookupReader;
};

type FailedByAccount = ReadonlyMap<string, FailedBills>;

/**
 * The outcome with the slot's bills. Bills that fail are left out, with what they would draw from credits,
 * and the others are calculated again without them, so that none depends on what another one lacks.
 */
function withSlot(outcome: Outcome, slotted: Slotted, failed: FailedByAccount = new Map()): Outcome {
  const { index, slot, answers, lookups } = slotted;
  const { records: bills, draws } = outcome;
  const calculation = calculationOf(index, slot, { bills, answers, lookups, draws, failed: failed.keys() });
  const unlocked = dueBillsOf(calculation).filter((due) => !due.kept);
  if (unlocked.length === 0) return outcome;
  const draft = drafted(calculation);
  if (draft.needs.length > 0) return { ...outcome, needs: [...outcome.needs, ...draft.needs] };
  if (draft.failures.length === 0) return withBills(outcome, calculation, { draft, failed });
  const known = failedByAccount(draft, calculation, failed);
  if (known !== null) return withSlot(outcome, slotted, known);
  const open = unlocked.map((due) => due.identity).filter(({ accountId }) => !failed.has(accountId));
  const [failure] = draft.failures.filter(({ billAccountId }) => billAccountId === null);
  const all = { identities: open, failure: present(failure, 'the failure of all bills') };
  return { ...outcome, failed: [...outcome.failed, ...failed.values(), all] };
}

/** The bills that have failed so far, each for its first cause; null when all do. */
function failedByAccount(
  { failures }: Draft,
  calculation: Calculation,
  before: FailedByAccount,
): FailedByAccount | null {
  const failed = new Map(before);
  for (const failure of failures) {
    if (failure.billAccountId === null) return null;
    if (failed.has(failure.billAccountId)) continue;
    const account = rowOf(calculation.index.accounts, failure.billAccountId);
    failed.set(account.id, { identities: [identityOf(calculation, account)], failure });
  }
  assert(failed.size > before.size, 'what fails is a bill that was to be written');
  return failed;
}

type Made = { readonly draft: Draft; readonly failed: FailedByAccount };

function withBills(outcome: Outcome, calculation: Calculation, { draft, failed }: Made): Outcome {
  const bills = draftBills(draft, calculation).filter(
    ({ identity }) => !calculation.unwritten.has(identity.accountId),
  );
  const replaced = outcome.records.filter(
    (record) => !bills.some((bill) => isSame(bill.identity, record.identity)),
  );
  return {
    ...outcome,
    records: [...replaced, ...bills],
    draws: [...calculation.otherDraws, ...bills.flatMap(drawsOfBill)],
    bills: [...outcome.bills, ...bills],
    failed: [...outcome.failed, ...failed.values()],
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
    if (draft.needs.length > 0 || draft.failures.length > 0) return draft;
  }
  return draft;
}

function isSame(a: BillIdentity, b: BillIdentity): boolean {
  return a.accountId === b.accountId && isSameSlot(a, b);
}

function uniqueQueries(queries: readonly UsageQuery[]): readonly UsageQuery[] {
  const unique = new Map(queries.map((query) => [query.key, query]));
  return sortedBy([...unique.values()], (query) => query.key);
}
