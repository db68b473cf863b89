// Spec 20 §4.4-4.5: changes of a meter that would break what already uses it.
import type { FieldError } from '../../kernel/errors.ts';
import { parseExpression } from '../expression/parse.ts';
import { lookupKeyLiteralsOf, pathsOf } from '../expression/walk.ts';
import { derivedReference, type MeterNames } from './derived-names.ts';
import { type DataField, type DerivedField, isNumericCategory, isSegmentableCategory } from './fields.ts';
import type { AggregationMethod } from './usage-query.ts';

/** A meter before or after the change. */
export type MeterShape = MeterNames & { readonly derivedFields: readonly DerivedField[] };

/** How an aggregation uses the meter; `label` names it in messages (its name or code). */
export type MeterUse = {
  readonly label: string;
  readonly method: AggregationMethod;
  readonly targetField: string;
  readonly segmentedFields: readonly string[];
};

export type ProductChange = 'none' | 'becomesGlobal' | 'refused';

/**
 * Product to Global is allowed (its aggregations follow), everything else but no change is refused (§4.4).
 */
export function productChange(before: string | null, after: string | null): ProductChange {
  if (before === after) return 'none';
  return after === null ? 'becomesGlobal' : 'refused';
}

/**
 * Why the meter may not become `after` while the aggregations use it: fields that they target or are
 * segmented by are gone or of the wrong category, or a remaining calculation names a data field that is
 * gone. Empty when nothing breaks; otherwise nothing may be changed (`BREAKS_CONFIGURATION`).
 */
export function meterBreaches(
  before: MeterShape,
  after: MeterShape,
  uses: readonly MeterUse[],
): FieldError[] {
  const fields = placedFields(after);
  return [...uses.flatMap((use) => useBreaches(use, fields)), ...calculationBreaches(before, after)];
}

type PlacedField = DataField & { readonly place: string };
type FieldsByCode = ReadonlyMap<string, PlacedField>;

function placedFields({ dataFields, derivedFields }: MeterShape): FieldsByCode {
  const placed = [
    ...dataFields.map(({ code, category }, i) => ({ code, category, place: `dataFields[${i}]` })),
    ...derivedFields.map(({ code, category }, i) => ({ code, category, place: `derivedFields[${i}]` })),
  ];
  return new Map(placed.map((field) => [field.code, field]));
}

function useBreaches(use: MeterUse, fields: FieldsByCode): FieldError[] {
  const target = fields.get(use.targetField);
  const breaches = target ? targetBreach(use, target) : [gone(use.targetField, `the target of ${use.label}`)];
  const segmented = use.segmentedFields.flatMap((code) => {
    const field = fields.get(code);
    if (!field) return [gone(code, `a segmented field of ${use.label}`)];
    return isSegmentableCategory(field.category) ? [] : [misfit(field, `the segments of ${use.label}`)];
  });
  return [...breaches, ...segmented];
}

function targetBreach(use: MeterUse, field: PlacedField): FieldError[] {
  if (use.method === 'CUSTOM_SQL' || isNumericCategory(field.category) === (use.method !== 'UNIQUE'))
    return [];
  return [misfit(field, `${use.method} of ${use.label}`)];
}

/** Calculations that stay but name a data field that does not. */
function calculationBreaches(before: MeterShape, after: MeterShape): FieldError[] {
  const removed = before.dataFields.filter(
    (field) => !after.dataFields.some(({ code }) => code === field.code),
  );
  const known = new Set(before.derivedFields.map((field) => field.code));
  return after.derivedFields
    .filter((field) => known.has(field.code))
    .flatMap((field) => {
      const named = namedFields(before, field.calculation);
      return removed
        .filter(({ code }) => named.has(code))
        .map(({ code }) => gone(code, `named by the calculation of ${JSON.stringify(field.code)}`));
    });
}

/** Codes of the meter's data fields that the calculation names, also as lookup keys. */
function namedFields(meter: MeterShape, calculation: string): ReadonlySet<string> {
  const parsed = parseExpression(calculation);
  if (parsed.kind === 'error') return new Set();
  const references = pathsOf(parsed.root).map((path) => derivedReference(meter, path));
  const codes = references.flatMap((reference) =>
    reference?.kind === 'field' ? [reference.field.code] : [],
  );
  return new Set([...codes, ...lookupKeyLiteralsOf(parsed.root)]);
}

function gone(code: string, role: string): FieldError {
  return { field: 'dataFields', message: `must keep ${JSON.stringify(code)}, which is ${role}` };
}

function misfit(field: PlacedField, use: string): FieldError {
  const message = `of ${JSON.stringify(field.code)} cannot become ${field.category}: it does not fit ${use}`;
  return { field: `${field.place}.category`, message };
}
