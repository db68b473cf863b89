import type { z } from 'zod';
import { isDecimal } from '../kernel/decimal.ts';
import { ApiError, type FieldError } from '../kernel/errors.ts';
import { type JsonValue, parseJson } from '../kernel/json.ts';

/** How deep objects and lists of a body may nest; deeper ones are refused before they are parsed. */
const MAX_DEPTH = 40;
const MAX_REPORTED_ERRORS = 100;

/**
 * The JSON value of a request body; an empty body is an empty object. Throws MALFORMED_JSON for text that is
 * no JSON or nests too deep, VALIDATION_FAILED for text that cannot be stored (NUL, half of a surrogate
 * pair).
 */
export function jsonFromBody(text: string): JsonValue {
  if (text.trim() === '') return {};
  if (depthOf(text) > MAX_DEPTH) {
    throw new ApiError('MALFORMED_JSON', `the body nests deeper than ${MAX_DEPTH} levels`);
  }
  let value: JsonValue;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new ApiError('MALFORMED_JSON', `the body is not valid JSON: ${messageOf(error).slice(0, 200)}`);
  }
  mustBeStorable(value);
  return value;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    if (quoted) {
      if (unit === 92) i += 1;
      else if (unit === 34) quoted = false;
    } else if (unit === 34) quoted = true;
    else if (unit === 91 || unit === 123) deepest = Math.max(deepest, ++depth);
    else if (unit === 93 || unit === 125) depth -= 1;
  }
  return deepest;
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

/** Throws VALIDATION_FAILED when a text in the value cannot be kept by PostgreSQL or written as UTF-8. */
export function mustBeStorable(value: unknown): void {
  const field = unstorablePath(value, '');
  if (field) throw fieldsRefused([{ field, message: 'has characters that cannot be stored' }]);
}

function unstorablePath(value: unknown, path: string): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : path || 'body';
  if (typeof value !== 'object' || value === null) return null;
  if (isDecimal(value)) return null;
  for (const [key, entry] of Object.entries(value)) {
    if (!isStorable(key)) return path || 'body';
    const here = Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key;
    const found = unstorablePath(entry, here);
    if (found) return found;
  }
  return null;
}

export function fieldsRefused(errors: readonly FieldError[]): ApiError {
  const [first] = errors;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const message = first ? `${first.field} ${first.message}${more}` : 'the request is not valid';
  return new ApiError('VALIDATION_FAILED', message, errors.slice(0, MAX_REPORTED_ERRORS));
}

/** The value in the shape of the schema; throws VALIDATION_FAILED with every failing field. */
export function checked<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isDecimal(value)) {
    throw fieldsRefused([{ field: 'body', message: 'must be a JSON object' }]);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const errors = result.error.issues.map((issue) => ({
    field: pathText(issue.path),
    message: issue.message,
  }));
  throw fieldsRefused(errors);
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += text ? `.${String(key)}` : String(key);
  }
  return text || 'body';
}
