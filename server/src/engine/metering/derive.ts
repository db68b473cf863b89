// Spec 20 §4.3: the derived fields of a measurement.
import { type Decimal, isDecimal } from '../../kernel/decimal.ts';
import { type Instant, Temporal } from '../../kernel/time.ts';
import { type CustomFieldLevels, customFieldValue } from '../expression/custom-field.ts';
import { type Environment, evaluate } from '../expression/evaluate.ts';
import type { LookupReader } from '../expression/lookups.ts';
import {
  isInstant,
  numberFromText,
  numberOf,
  type Operand,
  textOf,
  type Value,
} from '../expression/values.ts';
import { type DerivedReference, derivedReference } from './derived-names.ts';
import { type Category, type CompiledField, isNumericCategory, type MeterDefinition } from './fields.ts';
import { isStorableNumber } from './submitted-measurement.ts';

const MAX_METADATA = 256;

/** A measurement whose fields are complete and whose account is known. */
export type DerivationFacts = {
  readonly meter: MeterDefinition;
  readonly account: { readonly id: string; readonly code: string };
  /** The one that is stored. */
  readonly uid: string;
  readonly tsMs: number;
  readonly etsMs: number | null;
  readonly receivedAt: Instant;
  /** Submitted values of the meter's data fields. */
  readonly values: ReadonlyMap<string, string | Decimal>;
  readonly customFields: CustomFieldLevels;
  readonly lookups: LookupReader;
};

export type DerivedValue =
  | { readonly kind: 'number'; readonly value: Decimal }
  | { readonly kind: 'text'; readonly value: string }
  /** The calculation gave null: the field is absent, and nothing is wrong. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'error'; readonly message: string };

/** The environment in which all derived fields of the measurement are evaluated. */
export function derivationEnvironment(facts: DerivationFacts): Environment {
  return {
    value: (path) => {
      const reference = derivedReference(facts.meter, path);
      return reference === null ? undefined : referencedValue(facts, reference);
    },
    lookups: facts.lookups,
    dataField: (code) => facts.values.get(code),
    now: null,
  };
}

function referencedValue(facts: DerivationFacts, reference: DerivedReference): Operand | undefined {
  switch (reference.kind) {
    case 'field':
      return facts.values.get(reference.field.code) ?? null;
    case 'customField':
      return customFieldValue(facts.customFields, reference.name);
    case 'moment':
      return momentValue(facts, reference.moment);
    default:
      return identityValue(facts, reference.identity);
  }
}

function momentValue(facts: DerivationFacts, moment: 'ts' | 'ets' | 'receivedAt'): Instant | null {
  if (moment === 'receivedAt') return facts.receivedAt;
  const ms = moment === 'ts' ? facts.tsMs : facts.etsMs;
  return ms === null ? null : Temporal.Instant.fromEpochMilliseconds(ms);
}

function identityValue(
  facts: DerivationFacts,
  identity: 'accountCode' | 'accountId' | 'meterCode' | 'uid',
): string {
  if (identity === 'uid') return facts.uid;
  if (identity === 'meterCode') return facts.meter.code;
  return identity === 'accountId' ? facts.account.id : facts.account.code;
}

/** The value of one derived field, as its category keeps it. */
export function derivedValue(field: CompiledField, environment: Environment): DerivedValue {
  if (field.root === null) return { kind: 'error', message: 'the calculation cannot be read' };
  const result = evaluate(field.root, environment);
  if (result.kind === 'error') return result;
  return result.value === null ? { kind: 'absent' } : categoryValue(field.category, result.value);
}

function categoryValue(category: Category, value: Exclude<Value, null>): DerivedValue {
  if (isNumericCategory(category)) return numberValue(value);
  const text = textOf(value);
  if (category === 'METADATA' && [...text].length > MAX_METADATA) {
    return { kind: 'error', message: `the text has more than ${MAX_METADATA} characters` };
  }
  return { kind: 'text', value: text };
}

function numberValue(value: Exclude<Value, null>): DerivedValue {
  if (isInstant(value)) return { kind: 'error', message: 'a DateTime is not a number' };
  if (typeof value === 'string' && numberFromText(value) === null) {
    return { kind: 'error', message: 'the text is not a number' };
  }
  const number = isDecimal(value) ? value : numberOf(value);
  if (!isStorableNumber(number)) return { kind: 'error', message: 'the number is too large to be stored' };
  return { kind: 'number', value: number };
}
