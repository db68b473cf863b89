import { z } from 'zod';
import type { Decimal } from '../kernel/decimal.ts';
import { isDecimal } from '../kernel/decimal.ts';
import { uuidFromText } from '../kernel/ids.ts';
import { dateFromText, type Instant, momentFromText, type PlainDate, zoneFromText } from '../kernel/time.ts';

/** A JSON Schema 2020-12 fragment, as `/openapi.json` shows it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** What the recurring kinds of fields have to say beyond their type; read by the OpenAPI generator. */
export const fieldFacts = z.registry<{
  json?: JsonSchema;
  optional?: boolean;
  /** A rule refuses bodies without it, whatever the schema takes. */
  requiredByRule?: boolean;
  reference?: string;
  /** No request sets it; see `assigned`. */
  assigned?: { readonly initial: unknown; readonly hidden: boolean };
  /** A request may bring it, but it is neither stored nor shown; see `requestOnly`. */
  requestOnly?: boolean;
}>();

/** Why a value is refused, to be read after the name of its field. */
export type Refused = { readonly refused: string };

export function isRefused(value: unknown): value is Refused {
  return typeof value === 'object' && value !== null && 'refused' in value;
}

export function refused(message: string): Refused {
  return { refused: message };
}

/**
 * A kind of field: takes a value of parsed JSON (numbers are Decimals) and answers the stored value, or a
 * refusal whose text follows the field's name. Absent, null and "" count as missing (spec 10 §2).
 */
function field<T>(json: JsonSchema, read: (value: unknown) => T | Refused): z.ZodType<T> {
  const schema = z.unknown().transform((value, context): T => {
    const result = isAbsent(value) ? refused('is required') : read(value);
    if (!isRefused(result)) return result;
    context.addIssue({ code: 'custom', message: result.refused });
    return z.NEVER;
  });
  fieldFacts.add(schema, { json });
  return schema;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

/** What is behind `optional`, a default or a transformation; undefined behind nothing of the kind. */
export function innerSchema(schema: z.ZodType): z.ZodType | undefined {
  const def = schema.def as { out?: z.ZodType; in?: z.ZodType; innerType?: z.ZodType };
  return def.innerType ?? (def.out?.def.type === 'transform' ? def.in : def.out);
}

/** The field may be left out, null or empty: stored as null, left out of answers. */
export function optional<T extends z.ZodType>(inner: T): z.ZodType<z.output<T> | null> {
  const schema = z.preprocess((value) => (isAbsent(value) ? null : value), z.nullable(inner));
  fieldFacts.add(schema, { optional: true });
  return schema as unknown as z.ZodType<z.output<T> | null>;
}

/** As `optional`, but a missing value becomes `fallback` (the initial value that the spec gives). */
export function withDefault<T extends z.ZodType>(inner: T, fallback: z.output<T>): z.ZodType<z.output<T>> {
  const schema = optional(inner).transform((value) => (value === null ? fallback : value) as z.output<T>);
  fieldFacts.add(schema, { optional: true });
  return schema as unknown as z.ZodType<z.output<T>>;
}

/**
 * A stored field that no request sets: `initial` on create, kept on update, unless the resource's `complete`
 * says otherwise. Values sent for it are ignored (spec 10 §5). `hidden`: no answer shows it either.
 */
export function assigned<T extends z.ZodType, const I extends z.output<T> | null>(
  inner: T,
  initial: I,
  { hidden = false }: { hidden?: boolean } = {},
): z.ZodType<z.output<T> | I> {
  const schema = optional(inner);
  fieldFacts.add(schema, { optional: true, assigned: { initial, hidden } });
  return schema as unknown as z.ZodType<z.output<T> | I>;
}

/** A field that a request may bring for `complete` to make something of: neither stored nor answered. */
export function requestOnly<T extends z.ZodType>(
  inner: T,
  { requiredByRule = false }: { readonly requiredByRule?: boolean } = {},
): z.ZodType<z.output<T> | null> {
  const schema = optional(inner);
  fieldFacts.add(schema, { optional: true, requestOnly: true, requiredByRule });
  return schema;
}

/** As `optional` for the body alone; a rule of its own refuses bodies without it. */
export function requiredLater<T extends z.ZodType>(inner: T): z.ZodType<z.output<T> | null> {
  const schema = optional(inner);
  fieldFacts.add(schema, { optional: true, requiredByRule: true });
  return schema;
}

/** A published field without effect: whatever is sent for it is passed over. */
export function ignored(json: JsonSchema): z.ZodType<unknown> {
  const schema = z.unknown().optional();
  fieldFacts.add(schema, { json, optional: true });
  return schema;
}

/** Pattern CODE of spec 10 §6: printable, inner spaces only. */
export const CODE_PATTERN = /^[^\p{Cc}\s](?:(?:[^\p{Cc}\s]| )*[^\p{Cc}\s])?$/u;
/** Pattern IDENT of spec 10 §6: a name that calculations can use. */
export const IDENT_PATTERN = /^[\p{L}_$][\p{L}_$0-9]*$/u;

type TextLimits = {
  readonly min?: number;
  readonly max?: number;
  readonly pattern?: RegExp;
  readonly says?: string;
};

/** Text of `min` to `max` characters (code points); `says` explains a breach of the pattern. */
export function text(limits: TextLimits = {}) {
  const { min = 1, max = 200, pattern, says = 'has characters that are not allowed here' } = limits;
  const json = {
    type: 'string',
    minLength: min,
    maxLength: max,
    ...(pattern && { pattern: pattern.source }),
  };
  return field<string>(json, (value) => {
    if (typeof value !== 'string') return refused('must be text');
    const length = value.length > max ? [...value].length : value.length;
    if (length > max) return refused(`must have at most ${max} characters`);
    if (length < min) return refused(`must have at least ${min} characters`);
    return !pattern || pattern.test(value) ? value : refused(says);
  });
}

export function name() {
  return text({ max: 200 });
}

export function description() {
  return text({ max: 200 });
}

/** A short code, unique within its entity type (spec 10 §6). */
export function code() {
  return text({
    max: 80,
    pattern: CODE_PATTERN,
    says: 'must be printable, without space at the start or the end and without other white space',
  });
}

/** A code that calculations refer to (spec 10 §6, pattern IDENT). */
export function identifier() {
  return text({
    max: 80,
    pattern: IDENT_PATTERN,
    says: 'must be letters, digits, _ and $ and must not begin with a digit',
  });
}

export function email() {
  const pattern = /^[^\s@<>(),;:\\"[\]]+@[^\s@<>(),;:\\"[\].]+(?:\.[^\s@<>(),;:\\"[\].]+)*$/;
  return text({ max: 254, pattern, says: 'must be an e-mail address' });
}

/** A timezone as spec 40 §3.1 allows it; kept as given. */
export function timezone() {
  const json = { type: 'string', minLength: 1 };
  return field<string>(json, (value) => {
    if (typeof value !== 'string') return refused('must be text');
    return zoneFromText(value) ? value : refused('must be a tz-database name or an offset such as UTC+1:00');
  });
}

/** Free text without a published limit (spec 10 §6 caps). */
export function longText(max = 1000) {
  return text({ max });
}

export function oneOf<const T extends string>(values: readonly T[]) {
  const known = new Set<string>(values);
  return field<T>({ type: 'string', enum: values }, (value) =>
    typeof value === 'string' && known.has(value)
      ? (value as T)
      : refused(`must be one of ${values.join(', ')}`),
  );
}

export function flag() {
  return field<boolean>({ type: 'boolean' }, (value) =>
    typeof value === 'boolean' ? value : refused('must be true or false'),
  );
}

type NumberLimits = { readonly min?: number; readonly above?: number; readonly max?: number };

function outOfRange(value: Decimal, { min, above, max }: NumberLimits): Refused | null {
  if (min !== undefined && value.lt(min)) return refused(`must be at least ${min}`);
  if (above !== undefined && value.lte(above)) return refused(`must be greater than ${above}`);
  if (max !== undefined && value.gt(max)) return refused(`must be at most ${max}`);
  return null;
}

function rangeJson({ min, above, max }: NumberLimits): JsonSchema {
  return {
    ...(min !== undefined && { minimum: min }),
    ...(above !== undefined && { exclusiveMinimum: above }),
    ...(max !== undefined && { maximum: max }),
  };
}

/** Digits that an amount may have before and after the point; PostgreSQL keeps them all exactly. */
const MAX_DIGITS = 34;

/** An exact decimal number (spec 10 §2): at most 34 digits on either side of the point. */
export function amount(limits: NumberLimits = {}) {
  return field<Decimal>({ type: 'number', format: 'double', ...rangeJson(limits) }, (value) => {
    if (!isDecimal(value)) return refused('must be a number');
    if (value.decimalPlaces() > MAX_DIGITS || value.abs().gte('1e34')) {
      return refused(`must have at most ${MAX_DIGITS} digits before and after the decimal point`);
    }
    return outOfRange(value, limits) ?? value;
  });
}

/** A whole number that fits 32 bits. */
export function integer(limits: NumberLimits = {}) {
  const range = { min: -2147483648, max: 2147483647, ...limits };
  return field<number>({ type: 'integer', ...rangeJson(limits) }, (value) => {
    if (!isDecimal(value)) return refused('must be a number');
    if (!value.isInteger()) return refused('must be a whole number');
    return outOfRange(value, range) ?? value.toNumber();
  });
}

/** The id of another entity; `entity` is its name. Unknown ids are found by the database (spec 10 §9). */
export function reference(entity: string) {
  const schema = field<string>({ type: 'string', format: 'uuid', minLength: 36, maxLength: 36 }, (value) => {
    if (typeof value !== 'string') return refused('must be text');
    return uuidFromText(value) ?? refused('must be a UUID of 36 characters');
  });
  fieldFacts.add(schema, { json: { type: 'string', format: 'uuid' }, reference: entity });
  return schema;
}

/**
 * An optional reference that other fields can make meaningless: whatever is sent for it is answered as text,
 * for a rule to read or to pass over.
 */
export function referenceReadLater(entity: string): z.ZodType<string | null> {
  const schema = z.preprocess((value) => (isAbsent(value) ? null : String(value)), z.nullable(z.string()));
  fieldFacts.add(schema, { json: { type: 'string', format: 'uuid' }, optional: true, reference: entity });
  return schema;
}

type DateLimits = { readonly years?: readonly [first: number, last: number] };

/** A calendar date; a date-time is cut to its date in its own offset (spec 10 §2). */
export function date({ years: [first, last] = [1, 9999] }: DateLimits = {}) {
  return field<PlainDate>({ type: 'string', format: 'date' }, (value) => {
    if (typeof value !== 'string') return refused('must be text');
    const day = dateFromText(value);
    if (day === null) return refused('must be a date such as 2024-05-31');
    return day.year < first || day.year > last ? refused(`must be of the years ${first} to ${last}`) : day;
  });
}

/**
 * A date-time, UTC when it has no offset. A bare date is answered as PlainDate under the Instant type and
 * made an instant by `atMidnight` with the organization's timezone (spec 10 §2), which a static schema cannot
 * know.
 */
export function dateTime() {
  return field<Instant>({ type: 'string', format: 'date-time' }, (value) => {
    if (typeof value !== 'string') return refused('must be text');
    const instant = momentFromText(value) as Instant | null;
    return instant ?? refused('must be a date-time such as 2024-05-31T12:00:00Z');
  });
}

/** At most `maxEntries` names, each with text or a number (spec 10 §19.1). */
export function customFields(maxEntries = 100) {
  const json = {
    type: 'object',
    maxProperties: maxEntries,
    additionalProperties: { type: ['string', 'number'] },
  };
  return withDefault(
    field<CustomFields>(json, (value) => customFieldsRefusal(value, maxEntries) ?? (value as CustomFields)),
    {},
  );
}

export type CustomFields = { readonly [name: string]: string | Decimal };

export function customFieldsRefusal(value: unknown, maxEntries = 100): Refused | null {
  if (!isPlainObject(value)) return refused('must be an object of text and numbers');
  const entries = Object.entries(value);
  if (entries.length > maxEntries) return refused(`must have at most ${maxEntries} entries`);
  for (const [key, entry] of entries) {
    if (isLonger(key, 80) || !/^(?!\s)[^\p{Cc}]+(?<!\s)$/u.test(key))
      return refused('has a name that is too long, not printable, or has a space at its start or end');
    if (typeof entry !== 'string' && !isDecimal(entry))
      return refused(`value of ${key} must be text or a number`);
    if (typeof entry === 'string' && isLonger(entry, 2000))
      return refused(`value of ${key} is longer than 2000`);
  }
  return null;
}

/** Whether a text has more than `max` code points. */
function isLonger(value: string, max: number): boolean {
  return value.length > max && [...value].length > max;
}

/** Any JSON object. */
export function freeObject() {
  return field<Record<string, unknown>>({ type: 'object', additionalProperties: true }, (value) =>
    isPlainObject(value) ? (value as Record<string, unknown>) : refused('must be an object'),
  );
}

/** A map from name to text. */
export function textMap({ max = 1000 }: { max?: number } = {}) {
  const json = { type: 'object', additionalProperties: { type: 'string' } };
  return field<Record<string, string>>(json, (value) => {
    if (!isPlainObject(value)) return refused('must be an object of text');
    const values = Object.values(value);
    if (values.length > max) return refused(`must have at most ${max} entries`);
    return values.every((entry) => typeof entry === 'string')
      ? (value as Record<string, string>)
      : refused('must have text values only');
  });
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isDecimal(value);
}

/** A list of `min` to `max` items. Required lists do not take null for the empty list (spec 10 §2). */
export function list<T extends z.ZodType>(item: T, { min = 0, max }: { min?: number; max?: number } = {}) {
  const length = (items: readonly unknown[]) =>
    items.length >= min && (max === undefined || items.length <= max);
  const says = max === undefined ? `must have at least ${min} items` : `must have ${min} to ${max} items`;
  return z
    .array(item, { error: 'must be a list' })
    .refine(length, { error: says, abort: true })
    .meta({ ...(min > 0 && { minItems: min }), ...(max !== undefined && { maxItems: max }) });
}

/** A nested object with its own fields; unknown properties are ignored (spec 10 §1). */
export function group<S extends z.ZodRawShape>(fields: S) {
  return z.object(fields, { error: 'must be an object' });
}
