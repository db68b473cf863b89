// Spec 20 §12.2, §12.3, 30 §7.1: what a metric asks of the measurements, and its value from the answers.
import type { Decimal } from '../../kernel/decimal.ts';
import { type DateSpan, instantsOf } from '../calendar/local-dates.ts';
import type { CustomFieldLevels, CustomFieldValues } from '../expression/custom-field.ts';
import { compoundValue } from '../metering/compound-value.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { BillFailure, CalculationFailure } from './bill.ts';
import type { Calculation } from './calculation.ts';
import type { AggregationFacts, CompoundAggregationFacts } from './facts.ts';
import { isBillFailure } from './line-amount.ts';
import type { Metric } from './metric.ts';
import { billOfAll } from './placement.ts';
import { type Asked, answerTo, failureOfAnswer, type Question, questionOf } from './question.ts';

type InputQuestion = { readonly aggregation: AggregationFacts; readonly question: Question };

/** A metric and one question for each aggregation that its value is made of. */
export type MetricQuestions = { readonly metric: Metric; readonly inputs: readonly InputQuestion[] };

/** `segment` is that of the pricing. */
export function metricQuestions(metric: Metric, asked: Omit<Asked, 'aggregation'>): MetricQuestions {
  if (metric.kind === 'SIMPLE') {
    const question = questionOf({ aggregation: metric.row.definition, ...asked });
    return { metric, inputs: [{ aggregation: metric.row, question }] };
  }
  const inputs = metric.inputs.map((aggregation) => ({
    aggregation,
    question: inputQuestion(aggregation, asked),
  }));
  return { metric, inputs };
}

/**
 * An input without segments gives its plain value to every segment. Without a segment in common each
 * segmented one counts all measurements that fall in any of its segments.
 */
function inputQuestion({ definition }: AggregationFacts, asked: Omit<Asked, 'aggregation'>): Question {
  if (definition.segments.length === 0)
    return questionOf({ aggregation: definition, ...asked, segment: null });
  if (asked.segment !== null) return questionOf({ aggregation: definition, ...asked });
  return questionOf({ ...asked, aggregation: { ...definition, mergesSegments: true } });
}

/** Whose line the value is for, and the billing period (local dates) that it belongs to. */
export type Valuing = {
  readonly calculation: Calculation;
  readonly attached: AttachedPlan;
  readonly period: DateSpan;
};

/**
 * The metric's value in base units, not yet divided nor rounded; null when there is none. All its questions
 * must have been answered.
 */
export function metricValue(
  valuing: Valuing,
  { metric, inputs }: MetricQuestions,
): Decimal | null | BillFailure {
  const { answers } = valuing.calculation;
  for (const { question } of inputs) {
    const reason = failureOfAnswer(answers, question);
    if (reason !== null) return failureOf(valuing, { reason, entity: metric.row.name, of: metric.kind });
  }
  const values = inputs.map(
    ({ aggregation, question }) => answerTo(answers, question) ?? aggregation.defaultValue,
  );
  if (metric.kind === 'SIMPLE') return withinRange(valuing, metric, values[0] ?? null);
  const codes = inputs.map(({ aggregation }) => aggregation.code ?? '');
  const result = compoundValue(metric.row, {
    aggregations: new Map(codes.map((code, at) => [code, values[at] ?? null])),
    customFields: customFieldLevels(valuing, metric.row),
    billingPeriod: billingPeriodOf(valuing),
    lookups: valuing.calculation.lookups,
  });
  if (result.kind === 'value') return withinRange(valuing, metric, result.value);
  return failureOf(valuing, { reason: result.message, entity: metric.row.name });
}

/** Beyond it amounts have more digits than are calculated exactly, and at last more than can be stored. */
const MAX_EXPONENT = 40;

function withinRange(
  valuing: Valuing,
  { row, kind }: Metric,
  value: Decimal | null,
): Decimal | null | BillFailure {
  if (value === null || value.e <= MAX_EXPONENT) return value;
  const reason = `the value is beyond 10^${MAX_EXPONENT + 1}`;
  return failureOf(valuing, { reason, entity: row.name, of: kind });
}

function failureOf(
  { calculation, attached }: Valuing,
  cause: Omit<CalculationFailure, 'kind'> & Pick<BillFailure, 'entity'>,
): BillFailure {
  const billAccountId = billOfAll(calculation, attached);
  return { kind: 'CalculationFailed', billAccountId, ...cause };
}

/**
 * The value of one account alone, by which a pooled block is shared; null when nothing of it was measured, or
 * when the calculation cannot be made for one account.
 */
export function ownValue(valuing: Valuing, asked: MetricQuestions): Decimal | null {
  const { answers } = valuing.calculation;
  if (asked.inputs.every(({ question }) => answerTo(answers, question) === null)) return null;
  const value = metricValue(valuing, asked);
  return value === null || isBillFailure(value) ? null : value;
}

/** Spec 20 §6.2: the entities of the line; a meter or an aggregation never counts with its own values. */
function customFieldLevels(
  { calculation, attached }: Valuing,
  compound: CompoundAggregationFacts,
): CustomFieldLevels {
  const { defaults, own } = calculation.index.facts.customFields;
  const ownOf = (id: string | undefined): CustomFieldValues => own.get(id ?? '') ?? {};
  return {
    defaults,
    own: {
      account: ownOf(attached.account.id),
      product: ownOf(attached.product.id),
      planTemplate: ownOf(attached.template.id),
      plan: ownOf(attached.plan.id),
      accountPlan: ownOf(attached.accountPlan.id),
      contract: ownOf(attached.contract?.id),
      compoundAggregation: ownOf(compound.id),
    },
  };
}

function billingPeriodOf({ attached, period }: Valuing) {
  const { days } = period.start.until(period.end, { largestUnit: 'days' });
  return { days, ...instantsOf(period, attached.zone) };
}
