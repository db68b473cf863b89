import { sql } from 'kysely';
import { eitherMustBeSet, endMustFollowStart } from '../../api/body-rules.ts';
import { code, dateTime, description, flag, optional, reference, withDefault } from '../../api/fields.ts';
import { activeAt, anyId, equalId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope } from '../../api/resource-spec.ts';
import { refusal } from '../../kernel/errors.ts';
import { orderedBands, pricesMustNotBeNegative, pricingBands } from './pricing-bands.ts';
import { productOfOwner } from './product-of-owner.ts';

/** What the units of a counter cost on a plan, or on all plans of a template (spec 30 §15.2). */
export const counterPricing = defineResource({
  name: 'CounterPricing',
  path: 'counterpricings',
  summary: 'a counter pricing',
  table: 'counter_pricing',
  permission: 'config:counterpricing',
  event: 'configuration.counterpricing',
  maxPageSize: 200,
  fields: {
    planId: optional(reference('Plan')),
    planTemplateId: optional(reference('PlanTemplate')),
    counterId: reference('Counter'),
    code: optional(code()),
    startDate: dateTime(),
    endDate: optional(dateTime()),
    description: optional(description()),
    cumulative: withDefault(flag(), false),
    pricingBands: pricingBands(1),
    runningTotalBillInAdvance: withDefault(flag(), true),
    proRateRunningTotal: withDefault(flag(), true),
    proRateAdjustmentDebit: withDefault(flag(), true),
    proRateAdjustmentCredit: withDefault(flag(), true),
    accountingProductId: optional(reference('Product')),
  },
  filters: {
    planId: equalId('planId'),
    planTemplateId: equalId('planTemplateId'),
    date: activeAt('counterPricing'),
    ids: anyId('id'),
  },
  immutable: ['counterId'],
  example: {
    planId: '{Plan}',
    counterId: '{Counter}',
    startDate: '2024-01-01T00:00:00Z',
    pricingBands: [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 30 }],
  },
  complete: (values, before) => {
    eitherMustBeSet(values, ['planId', 'planTemplateId'], before);
    endMustFollowStart(values);
    pricesMustNotBeNegative(values.pricingBands, 'pricingBands');
    return { ...values, pricingBands: orderedBands(values.pricingBands, 'pricingBands') };
  },
  check: async (scope, next, before) => {
    if (before === null) await counterMustFit(scope, next);
  },
});

type Owned = { planId: string | null; planTemplateId: string | null; counterId: string };

/** A counter of a product prices plans of that product only; a global one prices any (spec 30 §15.1). */
async function counterMustFit({ tx, orgId }: CheckScope, pricing: Owned): Promise<void> {
  const { rows } = await sql`
    select from counter c where c.org_id = ${orgId} and c.id = ${pricing.counterId}
      and c.product_id <> ${productOfOwner(orgId, pricing)}`.execute(tx);
  if (rows.length > 0) throw refusal('VALIDATION_FAILED', 'counterId', 'is a counter of another product');
}
