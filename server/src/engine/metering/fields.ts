// Spec 20 §4.1-4.2: the fields of a meter and what their categories mean.
import type { Expression } from '../expression/syntax.ts';

export const TEXT_CATEGORIES = ['WHO', 'WHAT', 'WHERE', 'OTHER', 'METADATA'] as const;
export const NUMERIC_CATEGORIES = ['MEASURE', 'COST', 'INCOME'] as const;
export type TextCategory = (typeof TEXT_CATEGORIES)[number];
export type NumericCategory = (typeof NUMERIC_CATEGORIES)[number];
export type Category = TextCategory | NumericCategory;

export type DataField = { readonly code: string; readonly category: Category };
export type DerivedField = DataField & { readonly calculation: string };

/**
 * A derived field ready to be evaluated; `root` is null when its stored calculation can no longer be read.
 */
export type CompiledField = DerivedField & { readonly root: Expression | null };

/** Custom field values of one entity; read them with `Object.hasOwn`. */
export type CustomFields = import('../expression/custom-field.ts').CustomFieldValues;

/** A meter as enrichment needs it. */
export type MeterDefinition = {
  readonly id: string;
  readonly code: string;
  /** Null for a Global Meter. */
  readonly productId: string | null;
  readonly dataFields: readonly DataField[];
  readonly derivedFields: readonly CompiledField[];
  readonly customFields: CustomFields;
  /** Those of the meter's product; empty for a Global Meter. */
  readonly productCustomFields: CustomFields;
};

/** True for MEASURE, COST and INCOME. */
export function isNumericCategory(category: Category): category is NumericCategory {
  return (NUMERIC_CATEGORIES as readonly Category[]).includes(category);
}

/**
 * Whether an aggregation may be segmented by fields of the category: texts except METADATA (spec 20 §4.2).
 */
export function isSegmentableCategory(category: Category): boolean {
  return !isNumericCategory(category) && category !== 'METADATA';
}
