import { sql } from 'kysely';
import { z } from 'zod';
import { uuidFromText } from '../kernel/ids.ts';
import {
  dateFromText,
  type Instant,
  momentFromText,
  type PlainDate,
  startOfDate,
  Temporal,
} from '../kernel/time.ts';
import type { Condition } from '../store/database.ts';
import { fieldFacts, isRefused, type JsonSchema, type Refused, refused } from './fields.ts';

/** Where a list is asked for; `zone` is the organization's timezone. */
export type FilterScope = { readonly orgId: string; readonly zone: string };

/** One query parameter of a list: how it is read, and the rows that it keeps. */
export type Filter<T = never> = {
  readonly schema: z.ZodType;
  readonly where: (value: T, scope: FilterScope) => Condition;
};

const MAX_VALUES = 200;

/** Query values are text or, when repeated, lists of text; an absent or empty one is undefined. */
function parameter<T>(
  json: JsonSchema,
  read: (values: readonly string[]) => T | Refused,
): z.ZodType<T | undefined> {
  const schema = z
    .unknown()
    .transform((value, context): T | undefined => {
      if (value === '') return undefined;
      const result = read((Array.isArray(value) ? value : [value]).map(String));
      if (!isRefused(result)) return result;
      context.addIssue({ code: 'custom', message: result.refused });
      return z.NEVER;
    })
    .optional();
  fieldFacts.add(schema, { json, optional: true });
  return schema;
}

function single<T>(json: JsonSchema, read: (value: string) => T | Refused) {
  return parameter<T>(json, (values) =>
    values.length === 1 ? read(values[0] ?? '') : refused('must be given once'),
  );
}

/** A parameter with one value from a fixed set. */
export function enumParameter<const T extends string>(values: readonly T[]) {
  return single<T>({ type: 'string', enum: values }, (value) =>
    (values as readonly string[]).includes(value)
      ? (value as T)
      : refused(`must be one of ${values.join(', ')}`),
  );
}

/** `true` or `false` in any letter case (spec 10 §2). */
export function flagParameter() {
  return single({ type: 'boolean' }, (value) => {
    const lower = value.toLowerCase();
    return lower === 'true' || lower === 'false' ? lower === 'true' : refused('must be true or false');
  });
}

export function uuidParameter() {
  return single({ type: 'string' }, (value) => uuidFromText(value) ?? refused('must be a UUID'));
}

export function textParameter({ max }: { readonly max?: number } = {}) {
  const json = max === undefined ? { type: 'string' } : { type: 'string', maxLength: max };
  return single(json, (value) =>
    max !== undefined && value.length > max ? refused(`must have at most ${max} characters`) : value,
  );
}

/** A published parameter without effect: whatever is sent for it is passed over. */
export function ignoredParameter(json: JsonSchema) {
  return parameter<undefined>(json, () => undefined);
}

/** Names of fields to be answered beside the others, where there are none of them. */
export function additionalParameter() {
  return ignoredParameter({ type: 'array', items: { type: 'string' } });
}

export function dateParameter() {
  return single(
    { type: 'string', format: 'date' },
    (value) => dateFromText(value) ?? refused('must be a date'),
  );
}

/**
 * A moment; a bare date is left as PlainDate for the caller to place at midnight of the organization's zone.
 */
export function momentParameter() {
  return single({ type: 'string' }, (value) => {
    return momentFromText(value) ?? refused('must be a date or a date-time');
  });
}

export function integerParameter(limits: { min: number; max: number }) {
  const json = { type: 'integer', minimum: limits.min, maximum: limits.max };
  return single(json, (value) => {
    const number = /^-?\d{1,9}$/.test(value) ? Number.parseInt(value, 10) : Number.NaN;
    const fits = number >= limits.min && number <= limits.max;
    return fits ? number : refused(`must be a whole number from ${limits.min} to ${limits.max}`);
  });
}

/** Multi-valued parameters may be comma-joined, repeated or both; at most 200 values (spec 10 §7.1). */
function manyOf(read: (parts: readonly string[], values: readonly string[]) => string[] | Refused) {
  const json = { type: 'array', maxItems: MAX_VALUES, items: { type: 'string' } };
  return parameter<string[]>(json, (values) => {
    const parts = values.flatMap((value) => value.split(',')).filter((part) => part !== '');
    return parts.length > MAX_VALUES
      ? refused(`must have at most ${MAX_VALUES} values`)
      : read(parts, values);
  });
}

export function idsParameter() {
  return manyOf((parts) => {
    const ids = parts.map(uuidFromText);
    return ids.every((id) => id !== null) ? ids : refused('must be UUIDs');
  });
}

/** A value that comes alone may be one code with commas in it: it stands for itself and for its parts. */
export function codesParameter() {
  return manyOf((parts, values) => (values.length === 1 ? [...new Set([...parts, ...values])] : [...parts]));
}

/** Keeps rows whose column is one of the given ids. */
export function anyId(column: string): Filter<string[]> {
  return { schema: idsParameter(), where: (ids) => sql`${sql.ref(column)} = any(${ids}::uuid[])` };
}

export function anyCode(column: string): Filter<string[]> {
  return { schema: codesParameter(), where: (codes) => sql`${sql.ref(column)} = any(${codes}::text[])` };
}

/** Keeps rows whose column is the given id. */
export function equalId(column: string): Filter<string> {
  return { schema: uuidParameter(), where: (id) => sql`${sql.ref(column)} = ${id}` };
}

/** `archived=true` includes archived rows, `false` leaves them out (spec 10 §7.1). */
export function includeArchived(): Filter<boolean> {
  return { schema: flagParameter(), where: (included) => sql`(${included} or not archived)` };
}

/** Rows with start <= moment < end; a date means its midnight in the organization's zone (spec 30 §1). */
export function activeAt(table: string): Filter<Instant | PlainDate> {
  const own = (column: string) => sql.ref(`${table}.${column}`);
  return {
    schema: momentParameter(),
    where: (moment, { zone }) => {
      const at = String(moment instanceof Temporal.PlainDate ? startOfDate(moment, zone) : moment);
      return sql`(${own('startDate')} <= ${at} and (${own('endDate')} is null or ${own('endDate')} > ${at}))`;
    },
  };
}
