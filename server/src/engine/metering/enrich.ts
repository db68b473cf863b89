// Spec 20 §7.4-7.7: what becomes of submitted measurements.
import { present } from '../../kernel/assert.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { type LookupReader, lookupReader } from '../expression/lookups.ts';
import { assignedUid } from './assigned-uid.ts';
import { type DerivationFacts, derivationEnvironment, derivedValue } from './derive.ts';
import { type Draft, type EnrichmentState, enrichmentSteps } from './enrich-steps.ts';
import type { EnrichedMeasurement, Enrichment, EnrichmentSnapshot, SubmittedBatch } from './enrichment.ts';
import type { MeterDefinition } from './fields.ts';
import { type IngestFailure, ingestFailure } from './ingest-failure.ts';
import {
  type SubmittedMeasurement,
  type SubmittedValue,
  submittedCount,
  submittedDecimal,
  submittedEntries,
  submittedValue,
} from './submitted-measurement.ts';

/** Digits behind the point that are stored. */
const STORED_DECIMALS = 34;

/**
 * Enriches batches in the order of their receipt and gives what is to be stored to `store`, one after the
 * other. When something is missing from the snapshot (accounts that are to be created, lookup rows), the
 * answer is `needs`, and what was given to `store` is void: the caller creates or reads it and calls again
 * with the same batches and a completed snapshot, until the answer is `enriched`, and every measurement is
 * either stored or rejected. The result depends on nothing but the arguments; ids are never made here. A
 * batch is asked for when the one before is done, and not kept.
 */
export function enrich(
  batches: Iterable<SubmittedBatch>,
  snapshot: EnrichmentSnapshot,
  store: (measurement: EnrichedMeasurement) => void,
): Enrichment {
  const lookups = lookupReader(snapshot.lookupTables);
  const state: EnrichmentState = { snapshot, storedUids: new Set(), accountsToCreate: new Map() };
  const rejected: IngestFailure[] = [];
  const calculationErrors: IngestFailure[] = [];
  const decide = (draft: Draft, known: Known): void => {
    const failure = firstFailure(draft, state);
    if (failure) {
      rejected.push(failure);
      return;
    }
    if (draft.submitted.uid !== null) state.storedUids.add(draft.submitted.uid);
    if (!draft.account) return;
    const { measurement, error } = enriched(draft, known);
    store(measurement);
    if (error) calculationErrors.push(error);
  };
  let batch = 0;
  for (const submittedBatch of batches) {
    const { receivedAt, measurements } = submittedBatch;
    const known = { batch: submittedBatch, snapshot, lookups };
    const place = batch;
    measurements.forEach((submitted, position) => {
      decide({ batch: place, position, submitted, receivedAt, meter: null, account: null }, known);
    });
    batch += 1;
  }
  const accountsToCreate = [...state.accountsToCreate.values()];
  const needs = [...lookups.needs.values()];
  if (accountsToCreate.length + needs.length > 0) return { kind: 'needs', accountsToCreate, lookups: needs };
  return { kind: 'enriched', storedUids: state.storedUids, rejected, calculationErrors };
}

function firstFailure(draft: Draft, state: EnrichmentState): IngestFailure | null {
  for (const step of enrichmentSteps) {
    const failure = step(draft, state);
    if (failure) return failure;
  }
  return null;
}

type Known = {
  /** The one that the measurement came in. */
  readonly batch: SubmittedBatch;
  readonly snapshot: EnrichmentSnapshot;
  readonly lookups: LookupReader;
};
type FieldError = { readonly field: string; readonly message: string };

/**
 * Step 6: the derived fields; then the measurement as it is stored (§7.10), with the failures of its
 * fields.
 */
function enriched(
  draft: Draft,
  known: Known,
): { measurement: EnrichedMeasurement; error: IngestFailure | null } {
  const { submitted, batch, position } = draft;
  const meter = present(draft.meter, 'the meter of a draft');
  const account = present(draft.account, 'the account of a draft');
  const values = valuesOf(draft, meter, known);
  const measurement = {
    batch,
    position,
    uid: submitted.uid,
    meterId: meter.id,
    accountId: account.id,
    tsMs: submitted.tsMs,
    etsMs: submitted.etsMs,
    numbers: values.numbers,
    texts: values.texts,
    failedFields: values.errors.map(({ field }) => field),
    undeclared: undeclaredValues(submitted, meter),
  };
  if (values.errors.length === 0) return { measurement, error: null };
  return {
    measurement,
    error: { ...ingestFailure('CalculationError', draft, values.errors), accountId: account.id },
  };
}

type Values = {
  readonly numbers: [string, number | Decimal][];
  readonly texts: [string, string][];
  errors: readonly FieldError[];
};

/** The declared values as they were submitted, then the derived ones. */
function valuesOf(draft: Draft, meter: MeterDefinition, known: Known): Values {
  const values: Values = { numbers: [], texts: [], errors: [] };
  for (const { code, category } of meter.dataFields) {
    addValue(values, code, present(submittedValue(draft.submitted, category, code), 'a declared value'));
  }
  if (meter.derivedFields.length === 0) return values;
  const { derived, errors } = derivedValues(derivationFacts(draft, exactValues(values), known));
  for (const [code, value] of derived) addValue(values, code, value);
  values.errors = errors;
  return values;
}

/** A short number as it came needs no Decimal: it has 15 digits at most, all of them stored. */
function addValue({ numbers, texts }: Values, code: string, value: SubmittedValue): void {
  if (typeof value === 'string') texts.push([code, value]);
  else if (typeof value === 'number') numbers.push([code, value === 0 ? 0 : value]);
  else numbers.push([code, submittedDecimal(value).toDecimalPlaces(STORED_DECIMALS)]);
}

function exactValues({ numbers, texts }: Values): ReadonlyMap<string, string | Decimal> {
  const exact = numbers.map(([code, value]) => [code, submittedDecimal(value)] as const);
  return new Map<string, string | Decimal>([...texts, ...exact]);
}

function derivationFacts(
  draft: Draft,
  values: DerivationFacts['values'],
  { batch, snapshot, lookups }: Known,
): DerivationFacts {
  const { submitted, receivedAt } = draft;
  const meter = present(draft.meter, 'the meter of a draft');
  const account = present(draft.account, 'the account of a draft');
  const own = {
    organization: snapshot.customFields.organization,
    meter: meter.customFields,
    product: meter.productCustomFields,
    account: account.customFields,
  };
  const customFields = { defaults: snapshot.customFields.defaults, own };
  const { tsMs, etsMs } = submitted;
  const uid =
    submitted.uid ?? assignedUid(batch.id, present(batch.positions[draft.position], 'the place of a draft'));
  return { meter, account, uid, tsMs, etsMs, receivedAt, values, customFields, lookups };
}

/**
 * The value of each derived field that has one, and why others failed; a field never sees another derived
 * one.
 */
function derivedValues(facts: DerivationFacts): {
  derived: [string, string | Decimal][];
  errors: FieldError[];
} {
  const environment = derivationEnvironment(facts);
  const derived: [string, string | Decimal][] = [];
  const errors: FieldError[] = [];
  for (const field of facts.meter.derivedFields) {
    const result = derivedValue(field, environment);
    if (result.kind === 'error') {
      errors.push({ field: field.code, message: `Field '${field.code}': ${result.message}` });
    } else if (result.kind !== 'absent') {
      derived.push([field.code, result.value]);
    }
  }
  return { derived, errors };
}

/** Values under codes or categories that the meter does not declare, a derived field's own code included. */
function undeclaredValues(
  submitted: SubmittedMeasurement,
  meter: MeterDefinition,
): EnrichedMeasurement['undeclared'] {
  if (submittedCount(submitted) === meter.dataFields.length) return [];
  const entries = submittedEntries(submitted);
  const declared = new Set(meter.dataFields.map((field) => field.code));
  return entries
    .filter(({ code }) => !declared.has(code))
    .map(({ category, code, value }) => ({
      category,
      code,
      value: typeof value === 'number' ? submittedDecimal(value) : value,
    }));
}
