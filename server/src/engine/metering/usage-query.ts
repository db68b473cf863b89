// Spec 20 §11: what the engine asks of the measurements, and what it is told.
import type { Decimal } from '../../kernel/decimal.ts';
import type { Instant } from '../../kernel/time.ts';

export type AggregationMethod = 'SUM' | 'MIN' | 'MAX' | 'COUNT' | 'LATEST' | 'MEAN' | 'UNIQUE' | 'CUSTOM_SQL';

/** One value per segmented field; `*` stands for any value (spec 20 §11.5). */
export type Segment = { readonly [fieldCode: string]: string };

/** How measurements of one meter become a value: the part of an Aggregation that reads measurements. */
export type AggregationDefinition = {
  readonly id: string;
  readonly meterId: string;
  readonly targetField: string;
  /** True for MEASURE, INCOME, COST fields; false for the text categories. */
  readonly numericTarget: boolean;
  readonly method: AggregationMethod;
  readonly segmentedFields: readonly string[];
  readonly segments: readonly Segment[];
  /** One value over all measurements that fall in any of the segments, instead of one for each of them. */
  readonly mergesSegments?: boolean;
  readonly customSql: string | null;
};

/** A contract's limit on the measurements that its billing sees (spec 20 §11.2, 50 §3.4). */
export type UsageFilter = {
  readonly dimensionCode: string;
  readonly value: string;
  readonly mode: 'INCLUDE' | 'EXCLUDE';
};

/** Time of an account in which its measurements do not count: they are charged elsewhere. */
export type UsageAbsence = { readonly accountId: string; readonly start: Instant; readonly end: Instant };

/**
 * A question about measurements: one value per segment over all `accountIds` pooled together, for
 * measurements with `start <= ts < end`. `key` names the answer; equal keys mean equal questions.
 */
export type UsageQuery = {
  readonly key: string;
  readonly aggregation: AggregationDefinition;
  readonly accountIds: readonly string[];
  readonly start: Instant;
  readonly end: Instant;
  readonly filters: readonly UsageFilter[];
  /** Measurements that came at this moment or later do not count; absent = all do. */
  readonly receivedBefore?: Instant;
  /** Within the question's time and apart from each other for each account; absent = there are none. */
  readonly absences?: readonly UsageAbsence[];
};

/** Value per segment (`segment` null for an unsegmented aggregation). No entry or null = no input at all. */
export type UsageAnswer = readonly {
  readonly segment: Segment | null;
  readonly value: Decimal | null;
  /** Why a custom query gave no number (spec 20 §11.6); what asked for it fails. */
  readonly failure?: string;
}[];

/** Answers by `UsageQuery.key`. */
export type UsageAnswers = ReadonlyMap<string, UsageAnswer>;
