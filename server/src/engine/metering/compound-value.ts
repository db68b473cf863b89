// Spec 20 §12.2-12.3: the value of a Compound Aggregation from the base values of simple ones.

import { type Decimal, isDecimal, ONE, ZERO } from '../../kernel/decimal.ts';
import type { Instant } from '../../kernel/time.ts';
import {
  type CustomFieldLevels,
  type CustomFieldName,
  customFieldValue,
} from '../expression/custom-field.ts';
import { type Environment, evaluate } from '../expression/evaluate.ts';
import type { LookupReader } from '../expression/lookups.ts';
import type { Expression } from '../expression/syntax.ts';
import type { Operand, Value } from '../expression/values.ts';
import { aggregationCodesOf, compoundReference } from './compound-names.ts';

export type CompoundDefinition = {
  readonly calculation: Expression;
  readonly evaluateNullAggregations: boolean;
};

export type CompoundFacts = {
  /** Base values by aggregation code: defaults applied, not divided and not rounded; null = no input. */
  readonly aggregations: ReadonlyMap<string, Decimal | null>;
  readonly customFields: CustomFieldLevels;
  readonly billingPeriod: { readonly start: Instant; readonly end: Instant; readonly days: number };
  /** After the evaluation its `needs` must be empty, else they are to be read and the value asked again. */
  readonly lookups: LookupReader;
};

export type CompoundValue =
  | { readonly kind: 'value'; readonly value: Decimal | null }
  | { readonly kind: 'error'; readonly message: string };

/** Entity types whose values in a Compound Aggregation are always those of the organization level (§6.2). */
const ALWAYS_DEFAULT: readonly string[] = ['meter', 'aggregation'];

/**
 * The value of a Compound Aggregation, in base units: its own `quantityPerUnit` and rounding come afterwards.
 * Null when a named aggregation is null and nulls are not evaluated, or when the calculation gives null; true
 * and false count as 1 and 0; a text is an error.
 */
export function compoundValue(definition: CompoundDefinition, facts: CompoundFacts): CompoundValue {
  const { calculation, evaluateNullAggregations } = definition;
  const codes = aggregationCodesOf(calculation);
  const hasNull = codes.some((code) => facts.aggregations.get(code) === null);
  if (hasNull && !evaluateNullAggregations) return { kind: 'value', value: null };
  const result = evaluate(calculation, compoundEnvironment(facts));
  return result.kind === 'error' ? result : numberResult(result.value);
}

function compoundEnvironment(facts: CompoundFacts): Environment {
  return {
    value: (path) => namedValue(facts, path),
    lookups: facts.lookups,
    dataField: null,
    now: null,
  };
}

function namedValue(facts: CompoundFacts, path: readonly string[]): Operand | undefined {
  const reference = compoundReference(path);
  if (reference?.kind === 'aggregation') return facts.aggregations.get(reference.code);
  if (reference?.kind === 'customField') return levelValue(facts.customFields, reference.name);
  if (reference?.kind !== 'billingPeriod') return undefined;
  return reference.part === 'days'
    ? ONE.times(facts.billingPeriod.days)
    : facts.billingPeriod[reference.part];
}

function levelValue(levels: CustomFieldLevels, name: CustomFieldName): string | Decimal | undefined {
  const isDefault = ALWAYS_DEFAULT.includes(name.entity);
  return customFieldValue(isDefault ? { ...levels, own: {} } : levels, name);
}

function numberResult(value: Value): CompoundValue {
  if (value === null || isDecimal(value)) return { kind: 'value', value };
  if (typeof value === 'boolean') return { kind: 'value', value: value ? ONE : ZERO };
  return { kind: 'error', message: 'the calculation must give a number, not a text or a DateTime' };
}
