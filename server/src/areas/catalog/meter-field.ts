import { group, identifier, name, oneOf, optional, text } from '../../api/fields.ts';
import {
  type Category,
  isNumericCategory,
  NUMERIC_CATEGORIES,
  TEXT_CATEGORIES,
} from '../../engine/metering/fields.ts';
import type { FieldError } from '../../kernel/errors.ts';

export type DataField = {
  readonly category: Category;
  readonly code: string;
  readonly name: string;
  readonly unit: string | null;
};

/** A field whose value the product calculates when a measurement arrives (spec 20 §4.3). */
export type DerivedField = DataField & { readonly calculation: string };

export type MeterFields = {
  readonly dataFields: readonly DataField[];
  readonly derivedFields: readonly DerivedField[];
};

function fieldParts() {
  return {
    category: oneOf([...TEXT_CATEGORIES, ...NUMERIC_CATEGORIES]),
    code: identifier(),
    name: name(),
    unit: optional(text({ max: 50 })),
  };
}

/** A data field as a meter declares it (spec 20 §4.1). */
export function dataField() {
  return group(fieldParts());
}

/** A derived field as a meter declares it (spec 20 §4.1). */
export function derivedField() {
  return group({ ...fieldParts(), calculation: text({ max: 5000 }) });
}

/**
 * What is wrong with the fields of a meter taken together: a code used twice, a numeric field without a unit
 * (spec 20 §4.1). Empty when nothing is.
 */
export function meterFieldErrors({ dataFields, derivedFields }: MeterFields): FieldError[] {
  const places = [
    ...dataFields.map((field, i) => ({ field, path: `dataFields[${i}]` })),
    ...derivedFields.map((field, i) => ({ field, path: `derivedFields[${i}]` })),
  ];
  const seen = new Set<string>();
  return places.flatMap(({ field, path }) => {
    const errors: FieldError[] = [];
    if (seen.has(field.code)) errors.push({ field: `${path}.code`, message: 'is the code of another field' });
    if (isNumericCategory(field.category) && field.unit === null) {
      errors.push({ field: `${path}.unit`, message: `is required for the category ${field.category}` });
    }
    seen.add(field.code);
    return errors;
  });
}
