// Spec 20 §11, 40 §6.2, 50 §3.4: what a rating window asks of the measurements, and the value it is told.
import { assert } from '../../kernel/assert.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { type Instant, instantText } from '../../kernel/time.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import type {
  AggregationDefinition,
  Segment,
  UsageAbsence,
  UsageAnswers,
  UsageFilter,
  UsageQuery,
} from '../metering/usage-query.ts';
import { textOrder } from './facts-index.ts';
import type { Pool } from './pool.ts';
import { segmentKey } from './pricing-slot.ts';

/** A query and the one segment of its answer that is meant (null for an unsegmented aggregation). */
export type Question = { readonly query: UsageQuery; readonly segment: Segment | null };

export type Asked = {
  readonly aggregation: AggregationDefinition;
  readonly segment: Segment | null;
  readonly pool: Pool;
  readonly span: ClosedSpan;
  readonly filters: readonly UsageFilter[];
  /** Null: measurements count whenever they came. */
  readonly receivedBefore: Instant | null;
};

/** The question for the pooled measurements of those accounts in that span. */
export function questionOf(asked: Asked): Question {
  const { aggregation, segment, pool, span, filters, receivedBefore } = asked;
  const { absences } = pool;
  const accountIds = pool.accounts.map((account) => account.id).toSorted(textOrder);
  const key = [
    aggregation.mergesSegments ? `${aggregation.id} merged` : aggregation.id,
    accountIds.join(','),
    instantText(span.start),
    instantText(span.end),
    ...filters
      .map((filter) => JSON.stringify([filter.dimensionCode, filter.mode, filter.value]))
      .sort(textOrder),
    ...(receivedBefore === null ? [] : [`received before ${instantText(receivedBefore)}`]),
    ...absences.map(absenceText),
  ].join('|');
  const query = { key, aggregation, accountIds, start: span.start, end: span.end, filters };
  const limited = receivedBefore === null ? query : { ...query, receivedBefore };
  return { segment, query: absences.length === 0 ? limited : { absences, ...limited } };
}

function absenceText({ accountId, start, end }: UsageAbsence): string {
  return `without ${accountId} ${instantText(start)} ${instantText(end)}`;
}

/** The value of the question's segment, null without any input. The query must have been answered. */
export function answerTo(answers: UsageAnswers, { query, segment }: Question): Decimal | null {
  const answer = answers.get(query.key);
  assert(answer !== undefined, `${query.key} is answered`);
  const wanted = segmentKey(segment);
  return answer.find((entry) => segmentKey(entry.segment) === wanted)?.value ?? null;
}

/** Why the question's segment has no value, null when it has one or no input. */
export function failureOfAnswer(answers: UsageAnswers, { query, segment }: Question): string | null {
  const wanted = segmentKey(segment);
  return answers.get(query.key)?.find((entry) => segmentKey(entry.segment) === wanted)?.failure ?? null;
}
