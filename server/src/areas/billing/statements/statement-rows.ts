import type { Context } from '../../../context.ts';
import type { AggregationFacts } from '../../../engine/billing/facts.ts';
import { type ClosedSpan, clippedSpan } from '../../../engine/calendar/local-dates.ts';
import { statementBuckets } from '../../../engine/calendar/statement-buckets.ts';
import type { LookupReader } from '../../../engine/expression/lookups.ts';
import { fraction, timesFraction } from '../../../engine/money/fraction.ts';
import { type CurrencyRule, isRoundingFailure, roundAmount } from '../../../engine/money/rounding.ts';
import { present } from '../../../kernel/assert.ts';
import { type Decimal, sumOf, ZERO } from '../../../kernel/decimal.ts';
import type { Instant } from '../../../kernel/time.ts';
import {
  type BreakdownRow,
  type UsageBreakdown,
  type UsageInput,
  usageBreakdown,
} from '../../usage/index.ts';
import { compoundQuantity, lookedUp } from './statement-compounds.ts';
import { limitsOf, type StatementFacts, type StatementLine, spanOf } from './statement-facts.ts';
import { figuresOf, type LineFigure, lineDimensions, metersOfLine } from './statement-layout.ts';

/** One row of a line's usage (spec 40 §10.5). */
export type StatementRow = {
  readonly startDate: Instant;
  readonly endDate: Instant;
  readonly accountId: string;
  /** By field. Null where the measurement has no value, or one that is not told apart. */
  readonly dimensions: Readonly<Record<string, string | null>>;
  /** By field, then by aggregation. */
  readonly measures: Readonly<Record<string, Readonly<Record<string, Decimal>>>>;
  readonly quantity: Decimal;
  /** Null unless the definition asks for prices. */
  readonly amount: Decimal | null;
};

export type StatementOf = { readonly ctx: Context; readonly facts: StatementFacts };

/** The rows of a line in order, page by page. */
export async function* statementRows(
  statement: StatementOf,
  line: StatementLine,
): AsyncGenerator<readonly StatementRow[]> {
  const { layout, currencies } = statement.facts;
  const plan = planOf(statement.facts, line);
  if (plan === null) return;
  if (!layout.includePricePerUnit) {
    yield* plainRows(statement, plan);
    return;
  }
  let total = ZERO;
  for await (const page of plainRows(statement, plan)) total = total.plus(sumOf(page.map(quantityOf)));
  const pricing = { subtotal: line.subtotal, total, rule: currencies(line.currency) };
  yield* pricedRows(plainRows(statement, plan), pricing);
}

function quantityOf({ quantity }: StatementRow): Decimal {
  return quantity;
}

type Pricing = { readonly subtotal: Decimal; readonly total: Decimal; readonly rule: CurrencyRule };

/** Each row's share of the subtotal, rounded by itself; the last takes what is left. */
async function* pricedRows(
  pages: AsyncIterable<readonly StatementRow[]>,
  { subtotal, total, rule }: Pricing,
): AsyncGenerator<readonly StatementRow[]> {
  let left = subtotal;
  let held: StatementRow | null = null;
  for await (const page of pages) {
    const priced: StatementRow[] = [];
    for (const row of page) {
      if (held !== null) {
        const amount = shareOf(held.quantity, { subtotal, total, rule });
        left = left.minus(amount);
        priced.push({ ...held, amount });
      }
      held = row;
    }
    if (priced.length > 0) yield priced;
  }
  if (held !== null) yield [{ ...held, amount: left }];
}

/** A currency that refuses to round keeps all digits: the bill has been made, only its parts are shown. */
function shareOf(quantity: Decimal, { subtotal, total, rule }: Pricing): Decimal {
  if (total.isZero()) return ZERO;
  const exact = timesFraction(subtotal, fraction(quantity, total));
  const rounded = roundAmount(exact, rule);
  return isRoundingFailure(rounded) ? exact : rounded;
}

/** What is asked of the measurements for one line. */
type LinePlan = {
  readonly line: StatementLine;
  readonly buckets: readonly ClosedSpan[];
  readonly aggregations: readonly AggregationFacts[];
  readonly figures: readonly LineFigure[];
  readonly breakdown: UsageBreakdown;
};

/** Null when nothing can be asked: there is no usage, or its aggregation is gone. */
function planOf(facts: StatementFacts, line: StatementLine): LinePlan | null {
  const inputs = inputsOf(facts, line);
  const span = { start: line.servicePeriodStartDate, end: line.servicePeriodEndDate };
  if (inputs.length === 0 || clippedSpan(span, []) === null) return null;
  const { layout, zone, weekEpoch } = facts;
  const buckets = statementBuckets(layout.aggregationFrequency, span, { zone, weekEpoch });
  const meters = metersOfLine(facts, line);
  const figures = figuresOf(layout, meters);
  return {
    line,
    buckets,
    aggregations: inputs.map(({ aggregation }) => present(facts.aggregations.get(aggregation.id), 'it')),
    figures,
    breakdown: {
      inputs,
      bucketStarts: buckets.map((bucket) => bucket.start),
      accountIds: accountsInOrder(facts, line),
      dimensions: lineDimensions(layout, meters),
      figures,
    },
  };
}

function inputsOf(facts: StatementFacts, line: StatementLine): UsageInput[] {
  const ids = [...new Set(line.usage.map((usage) => usage.aggregationId))];
  return ids.flatMap((id) => {
    const aggregation = facts.aggregations.get(id)?.definition;
    if (!aggregation) return [];
    const own = line.usage.filter((usage) => usage.aggregationId === id);
    const sources = own.map((usage) => ({
      accountIds: usage.accountIds,
      filters: usage.filters,
      segment: usage.segment,
      ...spanOf(usage),
      ...limitsOf(usage),
    }));
    return [{ aggregation, sources }];
  });
}

/** The bill's account first, then by code. */
function accountsInOrder({ accounts, bill }: StatementFacts, line: StatementLine): string[] {
  const ids = [...new Set(line.usage.flatMap((usage) => usage.accountIds))];
  const placeOf = (id: string) => (id === bill.accountId ? '' : ` ${accounts.get(id)?.code ?? ''}`);
  return ids.toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

async function* plainRows(
  { ctx, facts }: StatementOf,
  plan: LinePlan,
): AsyncGenerator<readonly StatementRow[]> {
  const { orgId, compounds } = facts;
  for await (const page of usageBreakdown(ctx, orgId, plan.breakdown)) {
    const rows = await lookedUp({ db: ctx.db, orgId }, compounds, (lookups) =>
      page.map((row) => statementRow(facts, Object.assign({}, plan, { lookups }), row)),
    );
    const shown = facts.layout.generateSlimStatements ? rows.filter((row) => !row.quantity.isZero()) : rows;
    if (shown.length > 0) yield shown;
  }
}

type RowPlan = LinePlan & { readonly lookups: LookupReader };

function statementRow(facts: StatementFacts, plan: RowPlan, row: BreakdownRow): StatementRow {
  const bucket = plan.buckets.find(({ start }) => start.equals(row.bucketStart));
  const names = plan.breakdown.dimensions.map((dimension) => dimension.fieldCode);
  return {
    startDate: row.bucketStart,
    endDate: present(bucket, 'the bucket').end,
    accountId: row.accountId,
    dimensions: Object.fromEntries(names.map((name, i) => [name, row.dimensions[i] ?? null])),
    measures: measuresOf(plan.figures, row),
    quantity: rowQuantity(facts, plan, row) ?? ZERO,
    amount: null,
  };
}

function rowQuantity(facts: StatementFacts, plan: RowPlan, row: BreakdownRow): Decimal | null {
  const { line, aggregations, lookups } = plan;
  const values = row.quantities;
  if (line.compoundAggregationId === null) return values[0] ?? null;
  const { bill, zone } = facts;
  return compoundQuantity(facts.compounds, { bill, zone, line, aggregations, values, lookups });
}

function measuresOf(figures: readonly LineFigure[], row: BreakdownRow): StatementRow['measures'] {
  const measures: Record<string, Record<string, Decimal>> = {};
  figures.forEach(({ fieldCode, method }, i) => {
    const value = row.figures[i] ?? null;
    if (value !== null) measures[fieldCode] = { ...measures[fieldCode], [method]: value };
  });
  return measures;
}
