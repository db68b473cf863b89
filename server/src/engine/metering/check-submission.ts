// Spec 20 §7.3: the synchronous checks of submitted measurements. Written by hand and light on allocation:
// this runs for every measurement while the client waits.
import { present } from '../../kernel/assert.ts';
import { isDecimal } from '../../kernel/decimal.ts';
import type { FieldError } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import {
  isStorableNumber,
  NUMBER_LIMIT,
  type SubmittedMeasurement,
  type SubmittedNumbers,
  type SubmittedTexts,
} from './submitted-measurement.ts';
import { epochMsFromText, FIRST_MS, LAST_MS } from './timestamp.ts';

const MAX_MEASUREMENTS = 1000;
const MAX_ERRORS = 100;
const CLOCK_SKEW_MS = 60_000;
const MAX_UID = 50;
const MAX_CODE = 80;
const MAX_METADATA = 256;

/** Pattern CODE of spec 10 §6. */
const CODE = /^[^\p{Cc}\s](?:(?:[^\p{Cc}\s]| )*[^\p{Cc}\s])?$/u;
const SURROGATE = /[\ud800-\udfff]/;
const LONE_SURROGATE = /\p{Cs}/u;

export type SubmissionCheck =
  | { readonly kind: 'accepted'; readonly measurements: readonly SubmittedMeasurement[] }
  | { readonly kind: 'refused'; readonly errors: readonly FieldError[] };

export type RowCheck =
  | { readonly kind: 'valid'; readonly measurement: SubmittedMeasurement }
  | {
      readonly kind: 'refused';
      /** `MissingField`: nothing is wrong but that a mandatory attribute is absent (spec 20 §9). */
      readonly type: 'MissingField' | 'InvalidMeasurement';
      readonly errors: readonly FieldError[];
    };

/** What the checks find on their way; one object per request, so that the good case allocates nothing. */
type Findings = {
  readonly errors: FieldError[];
  readonly latestMs: number;
  /** Where the measurement under check lies in the body, null for a row of a file. */
  index: number | null;
  absent: number;
};

type Fields = { readonly [name: string]: unknown };

/**
 * Checks the parsed body of a submission, whose numbers may be Decimals or JavaScript numbers. Either all
 * measurements are accepted or the request is refused with at most 100 errors, whose fields are paths such as
 * `measurements[3].measure.bytes`. `now` is the clock against which `ts` must not lie in the future.
 */
export function checkSubmission(body: unknown, now: Instant): SubmissionCheck {
  if (!isObject(body)) return refusedFor('body', 'must be an object');
  const list = body['measurements'];
  if (!Array.isArray(list)) return refusedFor('measurements', 'must be an array');
  if (list.length < 1 || list.length > MAX_MEASUREMENTS) {
    return refusedFor('measurements', `must hold 1 to ${MAX_MEASUREMENTS} measurements`);
  }
  const findings = emptyFindings(now);
  const measurements: SubmittedMeasurement[] = [];
  for (let index = 0; index < list.length && findings.errors.length < MAX_ERRORS; index += 1) {
    findings.index = index;
    const measurement = measurementOf(list[index], findings);
    if (measurement) measurements.push(measurement);
  }
  if (findings.errors.length > 0) return { kind: 'refused', errors: findings.errors.slice(0, MAX_ERRORS) };
  return { kind: 'accepted', measurements };
}

/** The measurements of a body that `checkSubmission` has accepted before, without checking it again. */
export function acceptedMeasurements(body: unknown): readonly SubmittedMeasurement[] {
  return (body as { readonly measurements: readonly Fields[] }).measurements.map(acceptedMeasurement);
}

function acceptedMeasurement(fields: Fields): SubmittedMeasurement {
  const ets = fields['ets'];
  return {
    uid: isAbsent(fields['uid']) ? null : (fields['uid'] as string),
    meter: fields['meter'] as string,
    account: fields['account'] as string,
    tsMs: acceptedMs(fields['ts']),
    etsMs: isAbsent(ets) ? null : Math.min(acceptedMs(ets), LAST_MS),
    who: acceptedValues(fields['who']),
    what: acceptedValues(fields['what']),
    where: acceptedValues(fields['where']),
    other: acceptedValues(fields['other']),
    metadata: acceptedValues(fields['metadata']),
    measure: acceptedValues(fields['measure']),
    cost: acceptedValues(fields['cost']),
    income: acceptedValues(fields['income']),
  };
}

function acceptedMs(text: unknown): number {
  return present(epochMsFromText(text as string), 'the moment of an accepted measurement');
}

function acceptedValues<T extends SubmittedTexts & SubmittedNumbers>(values: unknown): T | null {
  return (values ?? null) as T | null;
}

/** The same checks for one row of an uploaded file, which is refused by itself (spec 20 §9). */
export function checkRow(row: unknown, now: Instant): RowCheck {
  const findings = emptyFindings(now);
  const measurement = measurementOf(row, findings);
  if (measurement) return { kind: 'valid', measurement };
  const type = findings.absent === findings.errors.length ? 'MissingField' : 'InvalidMeasurement';
  return { kind: 'refused', type, errors: findings.errors.slice(0, MAX_ERRORS) };
}

function refusedFor(field: string, message: string): SubmissionCheck {
  return { kind: 'refused', errors: [{ field, message }] };
}

function emptyFindings(now: Instant): Findings {
  return { errors: [], latestMs: now.epochMilliseconds + CLOCK_SKEW_MS, index: null, absent: 0 };
}

function addError(findings: Findings, name: string, message: string): null {
  const place = findings.index === null ? '' : `measurements[${findings.index}]`;
  findings.errors.push({ field: place && name ? `${place}.${name}` : place || name, message });
  return null;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isDecimal(value);
}

function measurementOf(value: unknown, findings: Findings): SubmittedMeasurement | null {
  if (!isObject(value)) return addError(findings, '', 'must be an object');
  const errorsBefore = findings.errors.length;
  const account = codeOf(value, 'account', findings);
  const meter = codeOf(value, 'meter', findings);
  const tsMs = tsOf(value, findings);
  const measurement = {
    uid: uidOf(value, findings),
    meter: meter ?? '',
    account: account ?? '',
    tsMs: tsMs ?? 0,
    etsMs: etsOf(value, tsMs, findings),
    who: textsOf(value, 'who', findings),
    what: textsOf(value, 'what', findings),
    where: textsOf(value, 'where', findings),
    other: textsOf(value, 'other', findings),
    metadata: textsOf(value, 'metadata', findings),
    measure: numbersOf(value, 'measure', findings),
    cost: numbersOf(value, 'cost', findings),
    income: numbersOf(value, 'income', findings),
  };
  return findings.errors.length > errorsBefore ? null : measurement;
}

function codeOf(fields: Fields, name: string, findings: Findings): string | null {
  const value = fields[name];
  if (isAbsent(value)) return requirement(findings, name);
  if (typeof value !== 'string') return addError(findings, name, 'must be a text');
  if (isLongerThan(value, MAX_CODE)) return addError(findings, name, `must have 1 to ${MAX_CODE} characters`);
  if (isStorable(value) && CODE.test(value)) return value;
  return addError(findings, name, 'must be a code: printable characters without space at its ends');
}

function requirement(findings: Findings, name: string): null {
  findings.absent += 1;
  return addError(findings, name, 'is required');
}

function uidOf(fields: Fields, findings: Findings): string | null {
  const value = fields['uid'];
  if (isAbsent(value)) return null;
  if (typeof value !== 'string') return addError(findings, 'uid', 'must be a text');
  if (isLongerThan(value, MAX_UID))
    return addError(findings, 'uid', `must have at most ${MAX_UID} characters`);
  return isStorable(value) ? value : addError(findings, 'uid', NOT_STORABLE);
}

/** Empty text counts as absent for an optional attribute and as missing for a required one (spec 10 §2). */
function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function tsOf(fields: Fields, findings: Findings): number | null {
  const value = fields['ts'];
  if (isAbsent(value)) return requirement(findings, 'ts');
  const ms = typeof value === 'string' ? epochMsFromText(value) : null;
  if (ms === null) return addError(findings, 'ts', NOT_A_DATE_TIME);
  if (ms < FIRST_MS) return addError(findings, 'ts', 'must not be earlier than 1900-01-01T00:00:00Z');
  return ms > findings.latestMs ? addError(findings, 'ts', 'must not lie in the future') : ms;
}

/** An end that lies beyond what can be stored is an open one: it is stored as the last moment there is. */
function etsOf(fields: Fields, tsMs: number | null, findings: Findings): number | null {
  const value = fields['ets'];
  if (isAbsent(value)) return null;
  const ms = typeof value === 'string' ? epochMsFromText(value) : null;
  if (ms === null) return addError(findings, 'ets', NOT_A_DATE_TIME);
  if (tsMs !== null && ms < tsMs) return addError(findings, 'ets', 'must not be earlier than ts');
  return Math.min(ms, LAST_MS);
}

function textsOf(fields: Fields, category: string, findings: Findings): SubmittedTexts | null {
  const values = fields[category];
  if (values === undefined || values === null) return null;
  if (!isObject(values)) return addError(findings, category, 'must be an object of texts');
  const longest = category === 'metadata' ? MAX_METADATA : Number.POSITIVE_INFINITY;
  for (const code of Object.keys(values)) {
    const fault = textFault(values[code], longest) ?? codeFault(code);
    if (fault) addError(findings, `${category}.${code}`, fault);
  }
  return values as SubmittedTexts;
}

function textFault(value: unknown, longest: number): string | null {
  if (value === null) return null;
  if (typeof value !== 'string') return 'must be a text';
  if (isLongerThan(value, longest)) return `must have at most ${longest} characters`;
  return isStorable(value) ? null : NOT_STORABLE;
}

function numbersOf(fields: Fields, category: string, findings: Findings): SubmittedNumbers | null {
  const values = fields[category];
  if (values === undefined || values === null) return null;
  if (!isObject(values)) return addError(findings, category, 'must be an object of numbers');
  for (const code of Object.keys(values)) {
    const fault = numberFault(values[code]) ?? codeFault(code);
    if (fault) addError(findings, `${category}.${code}`, fault);
  }
  return values as SubmittedNumbers;
}

function numberFault(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === 'number') return Math.abs(value) < NUMBER_LIMIT ? null : NUMBER_RANGE;
  if (!isDecimal(value)) return 'must be a number';
  return isStorableNumber(value) ? null : NUMBER_RANGE;
}

function codeFault(code: string): string | null {
  return isStorable(code) ? null : NOT_STORABLE;
}

const NOT_STORABLE = 'must not hold a NUL character or half a surrogate pair';
const NUMBER_RANGE = 'must be a number between -10^36 and 10^36';
const NOT_A_DATE_TIME = 'must be an ISO-8601 date-time such as 2024-01-31T10:00:00Z';

/** Lengths count characters, not the two halves that JavaScript sees in some of them. */
function isLongerThan(text: string, limit: number): boolean {
  return text.length > limit && (text.length > 2 * limit || [...text].length > limit);
}

/** PostgreSQL texts cannot hold NUL, and half a surrogate pair has no UTF-8 form. */
function isStorable(text: string): boolean {
  return !text.includes('\0') && !(SURROGATE.test(text) && LONE_SURROGATE.test(text));
}
