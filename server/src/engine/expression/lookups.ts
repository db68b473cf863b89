// Spec 20 §15.6: rows of lookup tables as calculations see them.
import { type Decimal, isDecimal } from '../../kernel/decimal.ts';
import { failEvaluation } from './failure.ts';
import { isInstant, numberFromText, numberOf, type Operand, textOf, type Value } from './values.ts';

export type LookupFieldType = 'STRING' | 'NUMBER';

/** Values of a row by field name; read them with `Object.hasOwn`. */
export type LookupRow = { readonly [field: string]: string | Decimal };

export type LookupSchema = {
  readonly fields: readonly { readonly name: string; readonly type: LookupFieldType }[];
  /** Names of the key fields, in the order of the key arguments. */
  readonly keys: readonly string[];
};

/** By `lookupRowKey`; null = there is no such row; absent = it has not been read yet. */
export type LookupRows = ReadonlyMap<string, LookupRow | null>;

/** The PUBLISHED revision of a table, with those rows that have been read. */
export type LookupTable = LookupSchema & { readonly rows: LookupRows };

/** By table code; null = no revision is PUBLISHED; absent = there is no such table. */
export type LookupTables = ReadonlyMap<string, LookupTable | null>;

/** A row that has to be read before a calculation can be evaluated: key values in the order of the keys. */
export type LookupNeed = { readonly table: string; readonly key: readonly (string | Decimal)[] };

/**
 * The lookups of evaluations. Rows that were needed but have not been read are collected in `needs` by
 * table and row key; results that were calculated meanwhile are to be thrown away and calculated again with
 * the rows read.
 */
export type LookupReader = { readonly tables: LookupTables; readonly needs: Map<string, LookupNeed> };

/** A reader over the given tables that has not been asked yet. */
export function lookupReader(tables: LookupTables): LookupReader {
  return { tables, needs: new Map() };
}

/** The name of a row within its table; numbers count by value, so 1 and 1.0 name the same row. */
export function lookupRowKey(key: readonly (string | Decimal)[]): string {
  return JSON.stringify(key.map((part) => (isDecimal(part) ? textOf(part) : part)));
}

/** The row with these keys, or null. Fails when there is no such table or the number of keys is wrong. */
export function foundRow(reader: LookupReader, code: string, keys: readonly Value[]): LookupRow | null {
  const table = tableOf(reader, code);
  if (table === null) return null;
  if (keys.length !== table.keys.length) {
    return failEvaluation(`lookup table "${code}" has ${table.keys.length} keys, not ${keys.length}`);
  }
  const key = keys.map((value, index) => keyPart(value, typeOf(table, table.keys[index] ?? '')));
  if (key.includes(null)) return null;
  return rowOf(reader, table, { table: code, key: key as (string | Decimal)[] });
}

/**
 * Fails when the table has no such field or another type of it; nothing is known without a PUBLISHED
 * revision.
 */
export function requireField(
  reader: LookupReader,
  code: string,
  field: [name: string, type: LookupFieldType],
): void {
  const table = tableOf(reader, code);
  if (table === null) return;
  const [name, type] = field;
  const found = typeOf(table, name);
  if (found === null) failEvaluation(`lookup table "${code}" has no field "${name}"`);
  if (found !== type) failEvaluation(`field "${name}" of lookup table "${code}" is not a ${type}`);
}

function tableOf(reader: LookupReader, code: string): LookupTable | null {
  const table = reader.tables.get(code);
  return table === undefined ? failEvaluation(`there is no lookup table "${code}"`) : table;
}

function typeOf(table: LookupTable, name: string): LookupFieldType | null {
  return table.fields.find((field) => field.name === name)?.type ?? null;
}

/** The value as a key of the type, or null when it can match no row (a null key never does). */
function keyPart(value: Value, type: LookupFieldType | null): string | Decimal | null {
  if (value === null) return null;
  if (type !== 'NUMBER') return textOf(value);
  if (typeof value === 'string') return numberFromText(value);
  return isInstant(value) ? null : numberOf(value);
}

function rowOf(reader: LookupReader, table: LookupTable, need: LookupNeed): LookupRow | null {
  const rowKey = lookupRowKey(need.key);
  const row = table.rows.get(rowKey);
  if (row === undefined) reader.needs.set(`${need.table} ${rowKey}`, need);
  return row ?? null;
}

/**
 * A text literal among the key arguments: the value of the data field with that code, else the text itself.
 */
export function keyFromLiteral(text: string, dataField: DataFieldReader | null): Operand {
  const value = dataField?.(text);
  return value === undefined ? text : value;
}

/** The submitted value of a data field of the meter, undefined when the meter has no such field. */
export type DataFieldReader = (code: string) => Operand | undefined;
