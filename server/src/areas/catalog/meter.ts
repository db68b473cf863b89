import { fieldsRefused } from '../../api/body.ts';
import { code, customFields, list, name, optional, reference } from '../../api/fields.ts';
import { anyCode, anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import { dataField, derivedField, meterFieldErrors } from './meter-field.ts';
import { refuseBadCalculations, refuseBreakingChange, refuseOtherProduct } from './meter-guards.ts';

/** What is measured: the fields of a measurement and those that are calculated from them (spec 20 §4). */
export const meter = defineResource({
  name: 'Meter',
  path: 'meters',
  summary: 'a meter',
  table: 'meter',
  permission: 'config:meter',
  event: 'configuration.meter',
  maxPageSize: 100,
  fields: {
    name: name(),
    code: code(),
    productId: optional(reference('Product')),
    groupId: optional(reference('MeterGroup')),
    dataFields: list(dataField(), { min: 1, max: 15 }),
    derivedFields: list(derivedField(), { max: 15 }),
    customFields: customFields(),
  },
  filters: { ids: anyId('id'), codes: anyCode('code'), productId: anyId('productId') },
  example: {
    name: 'Inference calls',
    code: 'inference_calls',
    dataFields: [
      { category: 'MEASURE', code: 'tokens', name: 'Tokens', unit: 'token' },
      { category: 'WHERE', code: 'region', name: 'Region' },
    ],
    derivedFields: [
      {
        category: 'MEASURE',
        code: 'kilotokens',
        name: 'Thousands of tokens',
        unit: '1000 tokens',
        calculation: 'tokens / 1000',
      },
    ],
  },
  complete: (values, before) => {
    const errors = meterFieldErrors(values);
    if (errors.length > 0) throw fieldsRefused(errors);
    if (before) refuseOtherProduct(values, before);
    return values;
  },
  check: async (scope, next, before) => {
    if (before) await refuseBreakingChange(scope, { id: next.id, before, next });
    await refuseBadCalculations(scope, next);
  },
});
