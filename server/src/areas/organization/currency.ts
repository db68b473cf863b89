import { flag, integer, name, oneOf, optional, text, withDefault } from '../../api/fields.ts';
import { anyCode, anyId, includeArchived } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';

export const ROUNDING_MODES = [
  'UP',
  'DOWN',
  'CEILING',
  'FLOOR',
  'HALF_UP',
  'HALF_DOWN',
  'HALF_EVEN',
  'UNNECESSARY',
] as const;

/** A currency and how its amounts are rounded (spec 50 §1, 40 §5.8). The code defaults to the name. */
export const currency = defineResource({
  name: 'Currency',
  path: 'picklists/currency',
  summary: 'a currency',
  table: 'currency',
  permission: 'config:currency',
  event: null,
  maxPageSize: 100,
  fields: {
    name: name(),
    code: optional(text({ max: 80 })),
    archived: withDefault(flag(), false),
    maxDecimalPlaces: withDefault(integer({ min: 0, max: 5 }), 2),
    roundingMode: withDefault(oneOf(ROUNDING_MODES), 'HALF_UP'),
  },
  filters: { ids: anyId('id'), codes: anyCode('code'), archived: includeArchived() },
  example: { name: 'Euro', code: 'EUR', maxDecimalPlaces: 2, roundingMode: 'HALF_UP' },
  ids: { list: 'ListCurrencies' },
  complete: (values) => ({ ...values, code: values.code ?? values.name }),
});
