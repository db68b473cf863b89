// Spec 20 §4.3, §5.6: the calculations of a meter, checked when it is saved and parsed once per enrichment.
import type { FieldError } from '../../kernel/errors.ts';
import { checkExpression } from '../expression/check.ts';
import type { CustomFieldLevels } from '../expression/custom-field.ts';
import { parseExpression } from '../expression/parse.ts';
import { derivedScope, type MeterNames } from './derived-names.ts';
import type { DerivedField, MeterDefinition } from './fields.ts';

/** A meter as it is stored. */
export type StoredMeter = Omit<MeterDefinition, 'derivedFields'> & {
  readonly derivedFields: readonly DerivedField[];
};

/** The meter with its calculations parsed. Its names are resolved anew for each measurement. */
export function compiledMeter(meter: StoredMeter): MeterDefinition {
  const derivedFields = meter.derivedFields.map((field) => {
    const parsed = parseExpression(field.calculation);
    return { ...field, root: parsed.kind === 'expression' ? parsed.root : null };
  });
  return { ...meter, derivedFields };
}

/**
 * What is wrong with the calculations of a meter that is about to be saved, one error at most for each, under
 * `derivedFields[0].calculation` and so on. `defaults` are the organization's custom fields by entity type.
 */
export function calculationErrors(
  meter: MeterNames & { readonly derivedFields: readonly DerivedField[] },
  defaults: CustomFieldLevels['defaults'],
): FieldError[] {
  const scope = derivedScope(meter, defaults);
  return meter.derivedFields.flatMap(({ calculation }, index) => {
    const parsed = parseExpression(calculation);
    const error = parsed.kind === 'error' ? parsed : checkExpression(parsed.root, scope);
    return error ? [{ field: `derivedFields[${index}].calculation`, message: error.message }] : [];
  });
}
