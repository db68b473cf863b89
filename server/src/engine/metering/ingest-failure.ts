// Spec 20 §7.5, §8: why a measurement, or a derived field of it, was not stored, and what its event tells.
import { type Instant, Temporal } from '../../kernel/time.ts';
import type { SubmittedMeasurement } from './submitted-measurement.ts';

export type IngestFailureType =
  | 'UndefinedMeter'
  | 'MissingField'
  | 'DuplicateUid'
  | 'DuplicateField'
  | 'CalculationError'
  | 'InvalidAccountCode'
  | 'InvalidMeasurement';

/**
 * One failure of one measurement; it becomes one event. All but `CalculationError` reject the measurement.
 */
export type IngestFailure = {
  readonly type: IngestFailureType;
  /** Place of the measurement's batch in the call, and of the measurement in the batch, from 0. */
  readonly batch: number;
  readonly position: number;
  readonly message: string;
  /** One entry per field concerned; a failure without fields has one entry with `field` null. */
  readonly errors: readonly { readonly message: string; readonly field: string | null }[];
  readonly uid: string | null;
  readonly meterCode: string;
  readonly accountCode: string;
  /** Null unless the measurement got as far as its account. */
  readonly accountId: string | null;
  readonly tsMs: number;
};

/** Whether the failure raises a system alert as well: those that reject, except `DuplicateUid` (§8). */
export function raisesAlert(type: IngestFailureType): boolean {
  return type !== 'CalculationError' && type !== 'DuplicateUid';
}

/** The `eventData` of the event `ingest.validation.failure`; `downloadUrl` leads to the failure file. */
export function ingestFailurePayload(failure: IngestFailure, receivedAt: Instant, downloadUrl: string) {
  return {
    type: failure.type,
    message: failure.message,
    fields: failure.errors.flatMap((error) => error.field ?? []),
    meterCode: failure.meterCode,
    accountCode: failure.accountCode,
    ...(failure.accountId === null ? {} : { accountId: failure.accountId }),
    ...(failure.uid === null ? {} : { uid: failure.uid }),
    ts: momentText(failure.tsMs),
    receivedAt: receivedAt.toString({ fractionalSecondDigits: 3 }),
    getDownloadUrl: downloadUrl,
  };
}

/** The failure file: the errors and the measurement as it was submitted. */
export function failedIngestFile(failure: IngestFailure, measurement: unknown, receivedAt: Instant) {
  const errors = failure.errors.map(({ message, field }) =>
    field === null ? { type: failure.type, message } : { type: failure.type, message, field },
  );
  return { errors, measurement, receivedAt: receivedAt.toString({ fractionalSecondDigits: 3 }) };
}

function momentText(ms: number): string {
  return Temporal.Instant.fromEpochMilliseconds(ms).toString({ fractionalSecondDigits: 3 });
}

/** Where a measurement stands among those that are enriched together. */
export type Place = { readonly batch: number; readonly position: number };

/** The failure of a submitted measurement with one error per field, or one without field. */
export function ingestFailure(
  type: IngestFailureType,
  { submitted, batch, position }: Place & { readonly submitted: SubmittedMeasurement },
  errors: IngestFailure['errors'],
): IngestFailure {
  return {
    type,
    batch,
    position,
    message: errors.map((error) => error.message).join('; '),
    errors,
    uid: submitted.uid,
    meterCode: submitted.meter,
    accountCode: submitted.account,
    accountId: null,
    tsMs: submitted.tsMs,
  };
}
