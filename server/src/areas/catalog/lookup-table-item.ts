import { createHash } from 'node:crypto';
import { fieldsRefused } from '../../api/body.ts';
import { lookupRowKey } from '../../engine/expression/lookups.ts';
import { numberFromText, textOf } from '../../engine/expression/values.ts';
import { present } from '../../kernel/assert.ts';
import { type Decimal, isDecimal } from '../../kernel/decimal.ts';
import { ApiError, type FieldError } from '../../kernel/errors.ts';
import type { StoredRevision } from './lookup-table-revision.ts';

/** Digits that a number may have before and after the point, as amounts elsewhere. */
const MAX_DIGITS = 34;
const MAX_TEXT = 2000;

/** One row: a text or a number for every field of its revision. */
export type LookupItem = { readonly [field: string]: string | Decimal };

export type KeyedItem = {
  readonly keyHash: string;
  /** Percent-encoded key values joined by commas: the last part of the path of the item. */
  readonly lookupKey: string;
  readonly item: LookupItem;
};

/** What identifies a row within its revision; 1 and 1.0 are the same. Key values in the order of the keys. */
export function lookupKeyHash(key: readonly (string | Decimal)[]): string {
  return createHash('sha256').update(lookupRowKey(key)).digest('base64url');
}

/**
 * The items as they are stored, the last one of each key. Throws VALIDATION_FAILED when a field is missing,
 * of another type or not of the revision, or a key is empty; `place` is what errors call an item (spec 20
 * §15.4).
 */
export function keyedItems(
  revision: StoredRevision,
  items: readonly Readonly<Record<string, unknown>>[],
  place: (index: number) => string,
): readonly KeyedItem[] {
  const errors = items.flatMap((item, index) => itemErrors(revision, item, place(index)));
  if (errors.length > 0) throw fieldsRefused(errors);
  const keyed = (items as readonly LookupItem[]).map((item) => keyedItem(revision, item));
  return [...new Map(keyed.map((item) => [item.keyHash, item])).values()];
}

function keyedItem({ keys }: StoredRevision, item: LookupItem): KeyedItem {
  const key = keys.map((field) => present(item[field], `the key ${field}`));
  const lookupKey = key.map((part) => encodeURIComponent(textOf(part))).join(',');
  return { keyHash: lookupKeyHash(key), lookupKey, item };
}

function itemErrors(
  { fields, keys }: StoredRevision,
  item: Readonly<Record<string, unknown>>,
  place: string,
): FieldError[] {
  const known = new Set(fields.map(({ name }) => name));
  const extra = Object.keys(item).filter((name) => !known.has(name));
  const errors = extra.map((name) => ({ field: `${place}.${name}`, message: 'is no field of the revision' }));
  for (const { name, type } of fields) {
    const value = Object.hasOwn(item, name) ? item[name] : undefined;
    const message = type === 'NUMBER' ? numberFault(value) : textFault(value, keys.includes(name));
    if (message !== null) errors.push({ field: `${place}.${name}`, message });
  }
  return errors;
}

function numberFault(value: unknown): string | null {
  if (!isDecimal(value)) return 'must be a number';
  const fits = value.decimalPlaces() <= MAX_DIGITS && value.abs().lt('1e34');
  return fits ? null : `must have at most ${MAX_DIGITS} digits before and after the decimal point`;
}

function textFault(value: unknown, isKey: boolean): string | null {
  if (typeof value !== 'string') return 'must be text';
  if (isKey && value === '') return 'must not be empty';
  return value.length > MAX_TEXT ? `must have at most ${MAX_TEXT} characters` : null;
}

/**
 * The hash of the key that a request's path ends with. It is read from the URL as sent, where a comma
 * inside of a value can be told from one between two. Throws NOT_FOUND for what can be the key of no row.
 */
export function keyHashOfPath({ fields, keys }: StoredRevision, url: string): string {
  const [path = ''] = url.split('?');
  const last = path.replace(/\/$/, '').split('/').at(-1) ?? '';
  const parts = last.split(',').map(decodeURIComponent);
  if (parts.length !== keys.length) throw noItem();
  const numeric = new Set(fields.filter(({ type }) => type === 'NUMBER').map(({ name }) => name));
  return lookupKeyHash(parts.map((part, i) => (numeric.has(keys[i] ?? '') ? plainNumber(part) : part)));
}

/** The spelling that a number has in `lookupRowKey`; text that is no number is that of no row. */
function plainNumber(text: string): string | Decimal {
  return numberFromText(text) ?? text;
}

export function noItem(): ApiError {
  return new ApiError('NOT_FOUND', 'there is no item with this key');
}
