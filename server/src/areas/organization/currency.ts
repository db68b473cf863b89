import { IDENT_PATTERN, integer, oneOf, optional } from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';
import { refusal } from '../../kernel/errors.ts';
import { picklistFields, picklistFilters, picklistIds } from './picklist.ts';

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

/** A currency and how its amounts are rounded (spec 50 §1, 40 §5.8). Without a code its name is the code. */
export const currency = defineResource({
  name: 'Currency',
  path: 'picklists/currency',
  summary: 'a currency',
  table: 'currency',
  permission: 'config:currency',
  event: null,
  maxPageSize: 100,
  fields: {
    ...picklistFields(),
    maxDecimalPlaces: optional(integer({ min: 0, max: 5 })),
    roundingMode: optional(oneOf(ROUNDING_MODES)),
  },
  filters: picklistFilters(),
  example: { name: 'Euro', code: 'EUR', maxDecimalPlaces: 2, roundingMode: 'HALF_UP' },
  ids: { ...picklistIds('Currency'), list: 'ListCurrencies' },
  complete: (values, before) => ({
    ...values,
    code: values.code ?? before?.code ?? codeFromName(values.name),
  }),
});

/**
 * Currencies are referred to by their codes, so each has one: its name, if that can be a code (spec 50 §1).
 */
function codeFromName(name: string): string {
  if (IDENT_PATTERN.test(name)) return name;
  throw refusal('VALIDATION_FAILED', 'code', 'is required, because the name cannot be a code');
}
