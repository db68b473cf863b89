import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import { isDecimal } from '../kernel/decimal.ts';
import { newId } from '../kernel/ids.ts';
import { writeJsonWithNulls } from '../kernel/json.ts';
import { type Instant, instantText, Temporal } from '../kernel/time.ts';
import type { Condition, Db, Reader, Row, Tx } from './database.ts';
import { isComputed, textOf } from './entity-text.ts';
import { prepared } from './value-client.ts';

/** What the store needs to know of a declared entity. Built by `api/resource.ts` and `api/singleton.ts`. */
export type EntityTable = {
  readonly name: string;
  /** Stored fields in API spelling, envelope left out. */
  readonly columns: readonly string[];
  /** Those of them that are kept as jsonb (objects and lists). */
  readonly jsonColumns: ReadonlySet<string>;
  /** Fields of the answer that a query over other tables gives, by name. */
  readonly computed: Readonly<Record<string, RawBuilder<unknown>>>;
};

/** The properties that every stored entity answers with (spec 10 §3). */
export type Envelope = {
  readonly id: string;
  readonly version: number;
  readonly dtCreated: Instant;
  readonly dtLastModified: Instant;
  readonly createdBy: string;
  readonly lastModifiedBy: string;
};

/** Who writes, where and when; `ip` is where the request came from, if there was one. */
export type Writer = {
  readonly orgId: string;
  readonly principalId: string;
  readonly now: Instant;
  readonly ip?: string;
};

export type Stored = Row & Envelope & { readonly orgId: string };

/**
 * A value as PostgreSQL takes it: Decimals as digits, times as ISO text, json and jsonb columns as JSON (cast
 * to json, which PostgreSQL turns into jsonb where the column is, and which keeps the order of properties
 * where not).
 */
export function columnValue(value: unknown, isJson = false): unknown {
  if (value === undefined || value === null) return null;
  if (isJson) return sql`${writeJsonWithNulls(value)}::json`;
  if (isDecimal(value)) return value.toFixed();
  if (value instanceof Temporal.Instant) return instantText(value);
  if (typeof value === 'object' && !Array.isArray(value)) return String(value);
  return value;
}

function selection(table: EntityTable): RawBuilder<unknown> {
  const computed = Object.entries(table.computed).map(
    ([name, expression]) => sql`, (${expression}) as ${sql.ref(name)}`,
  );
  return sql`${sql.table(table.name)}.* ${sql.join(computed, sql``)}`;
}

function selected(table: EntityTable): RawBuilder<unknown> {
  return isComputed(table) ? selection(table) : sql`${sql.table(table.name)}.*`;
}

async function one(db: Reader, query: RawBuilder<unknown>): Promise<Stored | null> {
  const result = await sql`${prepared}${query}`.execute(db);
  return (result.rows[0] as Stored | undefined) ?? null;
}

function columnList(names: readonly string[]): RawBuilder<unknown> {
  return sql.join(names.map((name) => sql.ref(name)));
}

/** The envelope of a new row at version 1, for rows that are inserted many at a time. */
export function newEnvelope({ orgId, principalId, now }: Writer) {
  return {
    orgId,
    id: newId(),
    version: 1,
    dtCreated: now,
    dtLastModified: now,
    createdBy: principalId,
    lastModifiedBy: principalId,
  };
}

/** Inserts a new entity at version 1 and answers its row. */
export async function insertEntity(tx: Tx, table: EntityTable, args: { writer: Writer; values: Row }) {
  const { writer, values } = args;
  const envelope = newEnvelope(writer);
  const names = Object.keys(envelope);
  const own = table.columns.map((column) => columnValue(values[column], table.jsonColumns.has(column)));
  const row = await one(
    tx,
    sql`insert into ${sql.table(table.name)} (${columnList([...names, ...table.columns])})
        values (${sql.join([...Object.values(envelope), ...own])}) returning ${selected(table)}`,
  );
  return row as Stored;
}

/** Overwrites all stored fields, counts the version up by one, answers the new row. */
export async function replaceEntity(
  tx: Tx,
  table: EntityTable,
  args: { writer: Writer; id: string; values: Row },
) {
  const { writer, id, values } = args;
  const assignments = table.columns.map(
    (column) => sql`${sql.ref(column)} = ${columnValue(values[column], table.jsonColumns.has(column))}`,
  );
  const row = await one(
    tx,
    sql`update ${sql.table(table.name)} set ${sql.join([
      ...assignments,
      sql`version = version + 1`,
      sql`${sql.ref('dtLastModified')} = ${writer.now}`,
      sql`${sql.ref('lastModifiedBy')} = ${writer.principalId}`,
    ])} where ${sql.ref('orgId')} = ${writer.orgId} and id = ${id} returning ${selected(table)}`,
  );
  return row as Stored;
}

type Key = { readonly orgId: string; readonly id: string };
type Named = Pick<EntityTable, 'name'>;

/** The entity, or null when this organization has none of that id. */
export async function findEntity(db: Reader, table: EntityTable, key: Key) {
  return oneByKey(db, table, { key, name: 'find', locking: sql`` });
}

/** As `findEntity`, and nobody else can write the row until the transaction ends. */
export async function lockEntity(tx: Tx, table: EntityTable, key: Key) {
  return oneByKey(tx, table, { key, name: 'lock', locking: sql`for update of ${sql.table(table.name)}` });
}

type ByKey = { readonly key: Key; readonly name: string; readonly locking: RawBuilder<unknown> };

async function oneByKey(db: Reader, table: EntityTable, { key, name, locking }: ByKey) {
  const query = sql`select ${selected(table)} from ${sql.table(table.name)}
    where ${sql.ref('orgId')} = ${key.orgId} and id = ${key.id} ${locking}`;
  if (isComputed(table)) return one(db, query);
  const text = textOf(table, name, () => sql`${prepared}${query}`.compile(db));
  const { rows } = await db.getExecutor().executeQuery<Stored>(CompiledQuery.raw(text, [key.orgId, key.id]));
  return (rows[0] as Stored | undefined) ?? null;
}

/** Deletes a row and takes it out of the resource groups that hold it (spec 10 §16). */
export async function deleteEntity(tx: Tx, table: Named, { orgId, id }: Key): Promise<void> {
  await deleteEntities(tx, table, { orgId, ids: [id] });
}

/** As `deleteEntity` for many rows. */
export async function deleteEntities(
  tx: Tx,
  table: Named,
  { orgId, ids }: { readonly orgId: string; readonly ids: readonly string[] },
): Promise<void> {
  await sql`with membership as (delete from resource_group_item
              where ${sql.ref('orgId')} = ${orgId} and ${sql.ref('targetId')} = any(${ids}::uuid[]))
            delete from ${sql.table(table.name)}
            where ${sql.ref('orgId')} = ${orgId} and id = any(${ids}::uuid[])`.execute(tx);
}

export type PageRequest = {
  readonly orgId: string;
  readonly conditions: readonly Condition[];
  readonly size: number;
  /** Continue behind this row. */
  readonly after: { readonly dtCreated: string; readonly id: string } | null;
};

/** Up to `size` + 1 rows, newest first, ties by id descending (spec 10 §7). */
export async function pageOfEntities(db: Db, table: EntityTable, page: PageRequest): Promise<Stored[]> {
  const own = (name: string) => sql.ref(`${table.name}.${name}`);
  const conditions = [...page.conditions];
  if (page.after) {
    conditions.push(
      sql`(${own('dtCreated')}, ${own('id')})
        < (${page.after.dtCreated}::timestamptz, ${page.after.id}::uuid)`,
    );
  }
  const order = sql`${own('dtCreated')} desc, ${own('id')} desc`;
  return orderedEntities(db, table, { orgId: page.orgId, conditions, order, limit: page.size + 1 });
}

export type OrderedRequest = {
  readonly orgId: string;
  readonly conditions: readonly Condition[];
  /** What follows `order by`. */
  readonly order: RawBuilder<unknown>;
  readonly limit: number;
  readonly offset?: number;
};

/** Up to `limit` rows behind the first `offset`, in an order of the caller's. */
export async function orderedEntities(
  db: Db,
  table: EntityTable,
  { orgId, conditions, order, limit, offset = 0 }: OrderedRequest,
): Promise<Stored[]> {
  const where = [sql`${sql.ref(`${table.name}.orgId`)} = ${orgId}`, ...conditions];
  const result = await sql`
    select ${selected(table)} from ${sql.table(table.name)} where ${sql.join(where, sql` and `)}
    order by ${order} limit ${limit} offset ${offset}`.execute(db);
  return result.rows as Stored[];
}
