// Spec 20 §7.4 steps 1-5: the checks of a measurement before anything is derived from it.

import { present } from '../../kernel/assert.ts';
import type { Instant } from '../../kernel/time.ts';
import { closeCode } from './close-code.ts';
import type { EnrichmentSnapshot, KnownAccount } from './enrichment.ts';
import type { Category, DataField, MeterDefinition } from './fields.ts';
import { type IngestFailure, ingestFailure, type Place } from './ingest-failure.ts';
import {
  hasDoubleCode,
  type SubmittedMeasurement,
  submittedEntries,
  submittedValue,
} from './submitted-measurement.ts';

/** A measurement on its way through the steps, which find its meter and its account. */
export type Draft = Place & {
  readonly submitted: SubmittedMeasurement;
  readonly receivedAt: Instant;
  meter: MeterDefinition | null;
  account: KnownAccount | null;
};

/** What is known, and what the measurements before have changed. */
export type EnrichmentState = {
  readonly snapshot: EnrichmentSnapshot;
  /** Uids of the measurements of this call that are stored. */
  readonly storedUids: Set<string>;
  /** Account codes by their `closeCode`. */
  readonly accountsToCreate: Map<string, string>;
};

/** Null when the measurement may go on, else why it is rejected. */
export type Step = (draft: Draft, state: EnrichmentState) => IngestFailure | null;

/** The checks in their order. */
export const enrichmentSteps: readonly Step[] = [
  uidIsFree,
  meterIsKnown,
  fieldCodesAreUnique,
  fieldsArePresent,
  accountIsKnown,
];

function uidIsFree(draft: Draft, { snapshot, storedUids }: EnrichmentState): IngestFailure | null {
  const { uid } = draft.submitted;
  if (uid === null || !(storedUids.has(uid) || isTaken(uid, snapshot))) return null;
  return failure('DuplicateUid', draft, `The uid '${uid}' has been used before`);
}

/** Mostly none is. */
function isTaken(uid: string, { takenUids }: EnrichmentSnapshot): boolean {
  return takenUids.size > 0 && takenUids.has(uid);
}

function meterIsKnown(draft: Draft, { snapshot }: EnrichmentState): IngestFailure | null {
  const code = draft.submitted.meter;
  draft.meter = snapshot.meters.get(code) ?? null;
  return draft.meter ? null : failure('UndefinedMeter', draft, `There is no meter with the code '${code}'`);
}

function fieldCodesAreUnique(draft: Draft): IngestFailure | null {
  if (!hasDoubleCode(draft.submitted)) return null;
  const entries = submittedEntries(draft.submitted);
  const categories = new Map<string, Category[]>();
  for (const { code, category } of entries) {
    categories.set(code, [...(categories.get(code) ?? []), category]);
  }
  const errors = [...categories]
    .filter(([, found]) => found.length > 1)
    .map(([field, found]) => ({ field, message: `Field '${field}' appears under ${found.join(' and ')}` }));
  return ingestFailure('DuplicateField', draft, errors);
}

/**
 * Every declared data field must be there under its own category; null counts as absent, an empty text does
 * not.
 */
function fieldsArePresent(draft: Draft): IngestFailure | null {
  const { dataFields } = present(draft.meter, 'the meter of a draft');
  const isMissing = ({ category, code }: DataField) =>
    submittedValue(draft.submitted, category, code) === null;
  if (!dataFields.some(isMissing)) return null;
  const missing = dataFields.filter(isMissing);
  const errors = missing.map(({ category, code }) => ({
    field: code,
    message: `Field '${code}' (${category}) is missing`,
  }));
  return ingestFailure('MissingField', draft, errors);
}

/**
 * An unknown account is to be created, unless another one is known, or to be created, under nearly this
 * code.
 */
function accountIsKnown(draft: Draft, { snapshot, accountsToCreate }: EnrichmentState): IngestFailure | null {
  const code = draft.submitted.account;
  draft.account = snapshot.accounts.get(code) ?? null;
  if (draft.account) return null;
  const close = closeCode(code);
  const rival = snapshot.closelyMatching.get(code) ?? accountsToCreate.get(close) ?? code;
  if (rival !== code) {
    return failure(
      'InvalidAccountCode',
      draft,
      `There is no account '${code}', but one with the code '${rival}'`,
    );
  }
  accountsToCreate.set(close, code);
  return null;
}

function failure(type: IngestFailure['type'], draft: Draft, message: string): IngestFailure {
  return ingestFailure(type, draft, [{ message, field: null }]);
}
