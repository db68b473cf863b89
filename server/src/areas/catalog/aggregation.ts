import { sql } from 'kysely';
import {
  amount,
  customFields,
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
import { anyCode, anyId, type Filter, idsParameter } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { refusal } from '../../kernel/errors.ts';
import { refuseBreakingUse, refuseNamedDelete, refuseUnsuitableMeter } from './aggregation-guards.ts';
import { METHODS, readingError } from './aggregation-rules.ts';

export const ROUNDINGS = ['UP', 'DOWN', 'NEAREST', 'NONE'] as const;

/** Products are those of the meters; aggregations of global meters belong to none (spec 20 §11.1). */
function productOfMeter(): Filter<string[]> {
  return {
    schema: idsParameter(),
    where: (ids, { orgId }) => sql`exists (select from meter
      where meter.org_id = ${orgId} and meter.id = aggregation.meter_id
        and meter.product_id = any(${ids}::uuid[]))`,
  };
}

/** How measurements of one meter become a number that can be priced (spec 20 §11). */
export const aggregation = defineResource({
  name: 'Aggregation',
  path: 'aggregations',
  summary: 'an aggregation',
  table: 'aggregation',
  permission: 'config:aggregation',
  event: 'configuration.aggregation',
  maxPageSize: 100,
  fields: {
    name: name(),
    code: optional(identifier()),
    meterId: reference('Meter'),
    targetField: text({ max: 80 }),
    aggregation: oneOf(METHODS),
    quantityPerUnit: amount({ above: 0 }),
    rounding: withDefault(oneOf(ROUNDINGS), 'NONE'),
    unit: text({ max: 50 }),
    defaultValue: optional(amount({ min: 0 })),
    segmentedFields: optional(list(text({ max: 80 }), { max: 5 })),
    segments: optional(list(textMap({ max: 5 }), { max: 1000 })),
    customSql: optional(text({ max: 2048 })),
    accountingProductId: optional(reference('Product')),
    customFields: customFields(),
  },
  filters: { ids: anyId('id'), codes: anyCode('code'), productId: productOfMeter() },
  example: {
    name: 'Tokens',
    code: 'tokens',
    meterId: '{Meter}',
    targetField: 'tokens',
    aggregation: 'SUM',
    quantityPerUnit: 1000,
    rounding: 'UP',
    unit: '1000 tokens',
  },
  complete: (values) => {
    const error = readingError(values);
    if (error) throw refusal('VALIDATION_FAILED', error.field, error.message);
    return values;
  },
  check: async (scope, next, before) => {
    if (before) await refuseBreakingUse(scope, next, before);
    await refuseUnsuitableMeter(scope, next);
  },
  beforeDelete: refuseNamedDelete,
});
