import type { AggregationFacts, BillFacts } from '../../engine/billing/facts.ts';
import type { UsageQuery } from '../../engine/metering/usage-query.ts';
import type { CurrencyRule } from '../../engine/money/rounding.ts';
import { defaultCurrencyRule } from '../../engine/money/rounding.ts';
import { Temporal } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
import { sourcesSql, type UsageInput } from '../usage/index.ts';
import type { BillRow, LineRow } from './bill-rows.ts';
import { type Names, named } from './explain-names.ts';
import { ruleInWords } from './explain-rules.ts';
import { limitsOf, type StoredUsage } from './statements/statement-facts.ts';

/** What explanations of a bill's lines are put together from. */
export type Explaining = {
  readonly bill: BillRow;
  readonly lines: readonly LineRow[];
  readonly names: Names;
  /** The facts of the calculation; null for a bill that was calculated before they were kept. */
  readonly facts: BillFacts | null;
  readonly aggregations: ReadonlyMap<string, AggregationFacts>;
};

/** How the amount of a line came about, step by step. */
export function lineExplanation(explaining: Explaining, line: LineRow): Row {
  const { names } = explaining;
  const { reason } = line;
  return {
    lineItemId: line.id,
    sequenceNumber: line.sequenceNumber,
    lineItemType: line.lineItemType,
    description: line.description,
    rule: ruleInWords(reason.rule, line.lineItemType),
    timing: reason.timing,
    chargeKey: reason.chargeKey,
    account: named(names, reason.accountId),
    childAccount: named(names, line.childAccountId),
    accountPlanId: reason.accountPlanId,
    ...originOf(explaining, line),
    window: { start: line.servicePeriodStartDate, end: line.servicePeriodEndDate },
    segment: line.segment,
    quantity: quantityOf(explaining, line),
    earlierUnits: reason.earlierUnits,
    bands: line.usagePerPricingBand,
    proration: reason.proration,
    figures: reason.figures,
    amount: amountOf(explaining, line),
    refundedLine: lineOfKey(explaining, reason.refundedLineKey),
    drawn: reason.drawn.map(({ lineKey, ...part }) => ({ ...part, line: lineOfKey(explaining, lineKey) })),
    mergedFrom: reason.mergedFrom,
    queries: usageOf(line).map((usage) => queryOf(explaining, usage)),
  };
}

function originOf({ names, facts }: Explaining, line: LineRow): Row {
  const pricing = facts?.pricings.find((row) => row.id === line.pricingId);
  const counterPricing = facts?.counterPricings.find((row) => row.id === line.pricingId);
  return {
    product: named(names, line.productId),
    plan: named(names, line.planId),
    planGroup: named(names, line.planGroupId),
    aggregation: named(names, line.aggregationId),
    compoundAggregation: named(names, line.compoundAggregationId),
    meter: named(names, line.meterId),
    counter: named(names, line.counterId),
    contract: named(names, line.contractId),
    balance: named(names, line.balanceId),
    charge: named(names, line.chargeId),
    commitmentId: line.commitmentId,
    pricing: pricing ?? counterPricing ?? (line.pricingId === null ? null : { id: line.pricingId }),
  };
}

/** Quantity before, units after division and rounding, and by what. */
function quantityOf({ facts, aggregations }: Explaining, line: LineRow): Row {
  const compound = facts?.compoundAggregations.find((row) => row.id === line.compoundAggregationId);
  const metric = compound ?? aggregations.get(line.aggregationId ?? '');
  return {
    measured: line.quantity,
    quantityPerUnit: metric?.quantityPerUnit,
    rounding: metric?.rounding,
    units: line.units,
    unit: line.unit,
    averageUnitPrice: line.averageUnitPrice,
  };
}

function amountOf({ bill, facts }: Explaining, line: LineRow): Row {
  const currency = String(bill['currency']);
  return {
    exact: line.reason.exactAmount,
    normalSubtotal: line.reason.normalSubtotal,
    rounding: roundingOf(facts, line.currency),
    subtotal: line.subtotal,
    currency: line.currency,
    conversionRate: line.conversionRate,
    convertedRounding: roundingOf(facts, currency),
    convertedSubtotal: line.convertedSubtotal,
    billCurrency: currency,
  };
}

function roundingOf(facts: BillFacts | null, code: string): Row {
  const rule: CurrencyRule = facts?.currencies.find((row) => row.code === code) ?? defaultCurrencyRule(code);
  return { decimalPlaces: rule.maxDecimalPlaces, roundingMode: rule.roundingMode };
}

function lineOfKey({ lines }: Explaining, key: string | null): Row | null {
  if (key === null) return null;
  const line = lines.find((row) => row.key === key);
  return line
    ? { lineItemId: line.id, lineItemType: line.lineItemType, description: line.description }
    : { key };
}

/** The measurements that a line charges for, as they are stored within its reason. */
export function usageOf(line: LineRow): readonly StoredUsage[] {
  return (line.reason as unknown as { readonly usage?: readonly StoredUsage[] }).usage ?? [];
}

/** The question of which a line's quantity is the answer, and the condition that it means in the store. */
function queryOf({ bill, names, aggregations }: Explaining, usage: StoredUsage): Row {
  const { aggregationId, accountIds, segment, filters, start, end, absences } = usage;
  const definition = aggregations.get(aggregationId)?.definition;
  const input = definition === undefined ? null : inputOf(definition, [usage]);
  return {
    aggregation: named(names, aggregationId),
    meterId: definition?.meterId,
    targetField: definition?.targetField,
    method: definition?.method,
    accounts: accountIds.map((id) => named(names, id)),
    ...{ start, end, filters, segment, absences },
    where: input === null ? null : sourcesSql(bill.orgId, [input]),
  };
}

/** What of the measurements the line charges for, one input for each of its aggregations. */
export function inputsOf({ aggregations }: Explaining, line: LineRow): readonly UsageInput[] {
  const usage = usageOf(line);
  const ids = [...new Set(usage.map((source) => source.aggregationId))];
  return ids.flatMap((id) => {
    const definition = aggregations.get(id)?.definition;
    const own = usage.filter((source) => source.aggregationId === id);
    return definition === undefined ? [] : [inputOf(definition, own)];
  });
}

function inputOf(aggregation: UsageQuery['aggregation'], usage: readonly StoredUsage[]): UsageInput {
  const sources = usage.map(({ accountIds, filters, segment, start, end, ...limit }) => ({
    ...{ accountIds, filters, segment },
    start: Temporal.Instant.from(start),
    end: Temporal.Instant.from(end),
    ...limitsOf(limit),
  }));
  return { aggregation, sources };
}
