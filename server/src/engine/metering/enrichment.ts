// Spec 20 §7.4, §7.10: what enrichment is given and what it answers.
import type { Decimal } from '../../kernel/decimal.ts';
import type { Instant } from '../../kernel/time.ts';
import type { CustomFieldLevels, CustomFieldValues } from '../expression/custom-field.ts';
import type { LookupNeed, LookupTables } from '../expression/lookups.ts';
import type { Category, MeterDefinition } from './fields.ts';
import type { IngestFailure, Place } from './ingest-failure.ts';
import type { SubmittedMeasurement } from './submitted-measurement.ts';

/** The measurements of one accepted request, or of a piece of a file. */
export type SubmittedBatch = {
  readonly id: string;
  readonly receivedAt: Instant;
  readonly measurements: readonly SubmittedMeasurement[];
  /** Where each of them stands in what was submitted. */
  readonly positions: readonly number[];
};

export type KnownAccount = {
  readonly id: string;
  readonly code: string;
  readonly customFields: CustomFieldValues;
};

/**
 * What is known about the organization at the time of enrichment; only what the batches name has to be
 * there.
 */
export type EnrichmentSnapshot = {
  readonly meters: ReadonlyMap<string, MeterDefinition>;
  readonly accounts: ReadonlyMap<string, KnownAccount>;
  /**
   * For a submitted code that is no account's: the code of an account that matches it closely
   * (`closeCode`).
   */
  readonly closelyMatching: ReadonlyMap<string, string>;
  /** Submitted uids that were ingested in their window by others than these batches. */
  readonly takenUids: ReadonlySet<string>;
  readonly customFields: {
    readonly defaults: CustomFieldLevels['defaults'];
    readonly organization: CustomFieldValues;
  };
  readonly lookupTables: LookupTables;
};

/** A measurement as it is stored (spec 20 §7.10). */
export type EnrichedMeasurement = Place & {
  /** Null when none was submitted: then it is stored under its `assignedUid`. */
  readonly uid: string | null;
  readonly meterId: string;
  readonly accountId: string;
  readonly tsMs: number;
  readonly etsMs: number | null;
  /**
   * Values of data and derived fields, with 34 decimals at most. A JavaScript number stands for its shortest
   * decimal text, as in what was submitted.
   */
  readonly numbers: readonly (readonly [fieldCode: string, value: number | Decimal])[];
  readonly texts: readonly (readonly [fieldCode: string, value: string])[];
  /** Codes of derived fields that could not be calculated. */
  readonly failedFields: readonly string[];
  /** Submitted values that the meter does not declare, kept but invisible. */
  readonly undeclared: readonly UndeclaredValue[];
};

export type UndeclaredValue = {
  readonly category: Category;
  readonly code: string;
  readonly value: string | Decimal;
};

export type Enrichment =
  | {
      /** Nothing can be stored before these accounts exist and these rows are in the snapshot. */
      readonly kind: 'needs';
      readonly accountsToCreate: readonly string[];
      readonly lookups: readonly LookupNeed[];
    }
  | {
      readonly kind: 'enriched';
      /** Those of the measurements that are stored. */
      readonly storedUids: ReadonlySet<string>;
      /** Why measurements were not stored: one failure for each. */
      readonly rejected: readonly IngestFailure[];
      /** Failures of stored measurements: one for each, naming all its failed fields. */
      readonly calculationErrors: readonly IngestFailure[];
    };
