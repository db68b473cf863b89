import {
  amount,
  assigned,
  customFields,
  flag,
  identifier,
  list,
  name,
  oneOf,
  optional,
  reference,
  text,
  textMap,
  withDefault,
} from '../../api/fields.ts';
import { anyCode, anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { ROUNDINGS } from './aggregation.ts';
import { namedAggregations, refuseUnknownNames } from './compound-calculation.ts';
import { refuseBreakingUse } from './compound-guards.ts';
import { availableSegments } from './compound-segments.ts';

/** A number that is calculated from simple aggregations and can be priced (spec 20 §12). */
export const compoundAggregation = defineResource({
  name: 'CompoundAggregation',
  path: 'compoundaggregations',
  summary: 'a compound aggregation',
  table: 'compound_aggregation',
  permission: 'config:compoundaggregation',
  event: 'configuration.compoundaggregation',
  maxPageSize: 100,
  fields: {
    name: name(),
    code: optional(identifier()),
    productId: optional(reference('Product')),
    calculation: text({ max: 5000 }),
    aggregationCodes: assigned(list(text()), null, { hidden: true }),
    evaluateNullAggregations: withDefault(flag(), false),
    quantityPerUnit: amount({ above: 0 }),
    rounding: withDefault(oneOf(ROUNDINGS), 'NONE'),
    unit: text({ max: 50 }),
    accountingProductId: optional(reference('Product')),
    customFields: customFields(),
  },
  computed: { segments: { schema: optional(list(textMap())), sql: availableSegments() } },
  filters: { ids: anyId('id'), codes: anyCode('code'), productId: anyId('productId') },
  example: {
    name: 'Weighted tokens',
    code: 'weighted_tokens',
    calculation: 'Math.max(0, 2 * isnull(aggregation.tokens, 0) - 500)',
    evaluateNullAggregations: true,
    quantityPerUnit: 1,
    rounding: 'NONE',
    unit: 'token',
  },
  complete: (values) => ({ ...values, aggregationCodes: namedAggregations(values.calculation) }),
  check: async (scope, next, before) => {
    await refuseUnknownNames(scope, next);
    if (before) await refuseBreakingUse(scope, next, before);
  },
});
