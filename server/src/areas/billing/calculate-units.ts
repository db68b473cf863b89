import type { Context } from '../../context.ts';
import type { BillsCalculation, DraftBill, FailedBills } from '../../engine/billing/bill.ts';
import { calculateBills } from '../../engine/billing/calculate-bills.ts';
import { MAX_DEPTH } from '../../engine/expression/parse.ts';
import type { UsageAnswer, UsageAnswers, UsageQuery } from '../../engine/metering/usage-query.ts';
import { assert } from '../../kernel/assert.ts';
import { aggregateUsage } from '../usage/index.ts';
import type { UnitFacts } from './load-bill-facts.ts';
import { type FactsSource, unitsWithLookupRows } from './units-with-lookup-rows.ts';

/** The bills of one unit; `error` is set instead when the calculation broke, which is a bug of ours. */
export type CalculatedUnit = UnitFacts & {
  readonly bills: readonly DraftBill[];
  readonly failed: readonly FailedBills[];
  readonly error: Error | null;
  /** What the calculation asked of the measurements, and was told. */
  readonly queries: readonly UsageQuery[];
  readonly answers: UsageAnswers;
};

/**
 * Draw-downs can split a period and so make new questions, but never for long. A row of a lookup table can
 * name the next one to be read, as often as a calculation nests.
 */
const MAX_ROUNDS = 8 + MAX_DEPTH;

/** All of `calculatedUnits`. */
export async function calculateUnits(
  ctx: Context,
  source: FactsSource,
  units: readonly UnitFacts[],
): Promise<readonly CalculatedUnit[]> {
  const calculated: CalculatedUnit[] = [];
  for await (const unit of calculatedUnits(ctx, source, units)) calculated.push(unit);
  return calculated;
}

/**
 * Calculates every unit: the engine says what it must know about measurements and which rows of lookup tables
 * it needs, those of all units are read together, and it is called again. Nothing is written. A unit is
 * answered as soon as it is done, so that the bills of many need not be held at a time.
 */
export async function* calculatedUnits(
  ctx: Context,
  source: FactsSource,
  units: readonly UnitFacts[],
): AsyncGenerator<CalculatedUnit> {
  const answers = new Map<string, UsageAnswer>();
  const asked = new Map<string, readonly UsageQuery[]>();
  let open = units;
  for (let round = 0; open.length > 0; round += 1) {
    assert(round < MAX_ROUNDS, 'a calculation comes to its end');
    const asking: Asking[] = [];
    for (const unit of open) {
      const result = resultOf(unit, answers);
      const before = asked.get(unit.unitId) ?? [];
      if ('queries' in result) {
        asked.set(unit.unitId, [...before, ...result.queries]);
        asking.push({ unit, ...result });
      } else {
        yield { queries: before, answers: answersTo(before, answers), ...unit, ...result };
      }
    }
    open = await unitsWithLookupRows(source, asking);
    const queries = unanswered(
      asking.flatMap(({ queries }) => queries),
      answers,
    );
    const learns = queries.length > 0 || asking.some(({ lookups }) => lookups.length > 0);
    assert(open.length === 0 || learns, 'what is asked has not been answered');
    if (queries.length === 0) continue;
    for (const [key, answer] of await aggregateUsage(ctx, source.orgId, queries)) answers.set(key, answer);
  }
}

type Asking = { readonly unit: UnitFacts } & Pick<Needs, 'queries' | 'lookups'>;
type Needs = Extract<BillsCalculation, { kind: 'needs' }>;
type Answers = ReadonlyMap<string, UsageAnswer>;
type Result =
  | Pick<Needs, 'queries' | 'lookups'>
  | Omit<CalculatedUnit, keyof UnitFacts | 'queries' | 'answers'>;

/** A calculation that throws would throw again for ever: its unit is reported and the others go on. */
function resultOf(unit: UnitFacts, answers: Answers): Result {
  try {
    const result: BillsCalculation = calculateBills(unit.facts, answers);
    if (result.kind === 'needs') return { queries: result.queries, lookups: result.lookups };
    return { bills: result.bills, failed: result.failed, error: null };
  } catch (error) {
    return { bills: [], failed: [], error: error instanceof Error ? error : new Error(String(error)) };
  }
}

function answersTo(queries: readonly UsageQuery[], answers: Answers): UsageAnswers {
  return new Map(queries.map(({ key }) => [key, answers.get(key) ?? []]));
}

function unanswered(queries: readonly UsageQuery[], answers: Answers): readonly UsageQuery[] {
  const open = new Map<string, UsageQuery>();
  for (const query of queries) if (!answers.has(query.key)) open.set(query.key, query);
  return [...open.values()];
}
