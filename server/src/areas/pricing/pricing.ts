import { sql } from 'kysely';
import { eitherMustBeSet, endMustFollowStart } from '../../api/body-rules.ts';
import {
  amount,
  code,
  dateTime,
  description,
  flag,
  oneOf,
  optional,
  reference,
  text,
  textMap,
  withDefault,
} from '../../api/fields.ts';
import { activeAt, anyId, equalId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { ZERO } from '../../kernel/decimal.ts';
import { refusal } from '../../kernel/errors.ts';
import { recordBandChanges } from './pricing-band-rows.ts';
import { orderedBands, type PricingBand, pricesMustNotBeNegative, pricingBands } from './pricing-bands.ts';
import { metricMustFit, segmentText } from './pricing-metric.ts';

export const PRICING_TYPES = ['DEBIT', 'PRODUCT_CREDIT', 'GLOBAL_CREDIT'] as const;

/** What the units of a metric cost on a plan, or on all plans of a template (spec 30 §5). */
export const pricing = defineResource({
  name: 'Pricing',
  path: 'pricings',
  summary: 'a pricing',
  table: 'pricing',
  permission: 'config:pricing',
  event: 'configuration.pricing',
  maxPageSize: 100,
  fields: {
    planId: optional(reference('Plan')),
    planTemplateId: optional(reference('PlanTemplate')),
    aggregationId: optional(reference('Aggregation')),
    compoundAggregationId: optional(reference('CompoundAggregation')),
    segment: optional(textMap()),
    type: withDefault(oneOf(PRICING_TYPES), 'DEBIT'),
    code: optional(code()),
    startDate: dateTime(),
    endDate: optional(dateTime()),
    description: optional(description()),
    cumulative: withDefault(flag(), false),
    tiersSpanPlan: withDefault(flag(), false),
    pricingBands: pricingBands(1),
    overagePricingBands: withDefault(pricingBands(0), []),
    minimumSpend: withDefault(amount({ min: 0 }), ZERO),
    minimumSpendDescription: optional(description()),
    minimumSpendBillInAdvance: optional(flag()),
    accountingProductId: optional(reference('Product')),
  },
  filters: {
    planId: equalId('planId'),
    planTemplateId: equalId('planTemplateId'),
    aggregationId: equalId('aggregationId'),
    date: activeAt('pricing'),
    ids: anyId('id'),
  },
  computed: {
    aggregationType: {
      schema: oneOf(['SIMPLE', 'COMPOUND']),
      sql: sql`case when pricing.aggregation_id is null then 'COMPOUND' else 'SIMPLE' end`,
    },
    segmentString: { schema: text(), sql: segmentText() },
  },
  example: {
    planId: '{Plan}',
    aggregationId: '{Aggregation}',
    startDate: '2024-01-01T00:00:00Z',
    pricingBands: [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 0.000125 }],
  },
  complete: (values, before) => {
    eitherMustBeSet(values, ['planId', 'planTemplateId'], before);
    eitherMustBeSet(values, ['aggregationId', 'compoundAggregationId'], before);
    endMustFollowStart(values);
    overageMustFit(values);
    const lists = { pricingBands: values.pricingBands, overagePricingBands: values.overagePricingBands };
    for (const [field, bands] of Object.entries(lists)) {
      if (values.type === 'DEBIT') pricesMustNotBeNegative(bands, field);
    }
    return {
      ...values,
      segment: keptSegment(values.segment, before && { segment: before.segment }),
      pricingBands: orderedBands(values.pricingBands, 'pricingBands'),
      overagePricingBands: orderedBands(values.overagePricingBands, 'overagePricingBands'),
    };
  },
  check: async (scope, next, before) => {
    if (before === null) await metricMustFit(scope, next);
    await recordBandChanges(scope, before, next);
  },
  beforeDelete: (scope, before) => recordBandChanges(scope, before, null),
});

type Overage = {
  readonly overagePricingBands: readonly PricingBand[];
  readonly cumulative: boolean;
  readonly tiersSpanPlan: boolean;
};

/** Spec 30 §5 rule 2. */
export function overageMustFit({ overagePricingBands, cumulative, tiersSpanPlan }: Overage): void {
  if (overagePricingBands.length === 0) return;
  if (!cumulative) throw refusal('VALIDATION_FAILED', 'overagePricingBands', 'need a cumulative pricing');
  if (tiersSpanPlan) {
    throw refusal('VALIDATION_FAILED', 'overagePricingBands', 'cannot be combined with tiersSpanPlan');
  }
}

type Segment = Readonly<Record<string, string>>;

/** The segment of a new pricing, or the stored one, which an update may repeat in any order of its fields. */
export function keptSegment(
  given: Segment | null,
  before: { segment: Segment | null } | null,
): Segment | null {
  const segment = given && Object.keys(given).length > 0 ? given : null;
  if (before === null) return segment;
  if (segment !== null && !isSameSegment(segment, before.segment ?? {})) {
    throw refusal('IMMUTABLE_FIELD', 'segment', 'cannot be changed');
  }
  return before.segment;
}

function isSameSegment(a: Segment, b: Segment): boolean {
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && a[name] === b[name])
  );
}
