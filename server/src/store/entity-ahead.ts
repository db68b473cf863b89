import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import { parseJson, writeJsonWithNulls } from '../kernel/json.ts';
import type { Row, Tx } from './database.ts';
import {
  type EntityTable,
  insertEntity,
  newEnvelope,
  replaceEntity,
  type Stored,
  type Writer,
} from './entity-store.ts';
import { isComputed, textOf } from './entity-text.ts';
import { withNext } from './value-client.ts';

/**
 * As `insertEntity`, without waiting: the row is what PostgreSQL will hold, and a refusal of it arrives with
 * the next statement of the transaction, or its commit. Rows with fields that only a query can give are
 * waited for.
 */
export async function insertAhead(
  tx: Tx,
  table: EntityTable,
  { writer, values }: { readonly writer: Writer; readonly values: Row },
): Promise<Stored> {
  if (isComputed(table)) return insertEntity(tx, table, { writer, values });
  const envelope = newEnvelope(writer);
  const stored = storedColumns(table, values);
  const text = textOf(table, 'insert', () => insertStatement(table, Object.keys(envelope)).compile(tx));
  await tx.executeQuery(CompiledQuery.raw(text, [...Object.values(envelope), ...parameters(table, values)]));
  return Object.assign({}, envelope, stored) as Stored;
}

type Replacement = { readonly writer: Writer; readonly before: Stored; readonly values: Row };

/** As `replaceEntity` of a locked row, without waiting (see `insertAhead`). */
export async function replaceAhead(
  tx: Tx,
  table: EntityTable,
  { writer, before, values }: Replacement,
): Promise<Stored> {
  const { id, orgId, version } = before;
  if (isComputed(table)) return replaceEntity(tx, table, { writer, id, values });
  const text = textOf(table, 'replace', () => replaceStatement(table).compile(tx));
  const changed = {
    version: version + 1,
    dtLastModified: writer.now,
    lastModifiedBy: writer.principalId,
  };
  await tx.executeQuery(
    CompiledQuery.raw(text, [...parameters(table, values), ...Object.values(changed), orgId, id]),
  );
  return { ...before, ...storedColumns(table, values), ...changed };
}

function insertStatement(table: EntityTable, envelope: readonly string[]): RawBuilder<unknown> {
  const names = [...envelope, ...table.columns];
  return sql`${withNext}insert into ${sql.table(table.name)}
    (${sql.join(names.map((name) => sql.ref(name)))})
    values (${sql.join(names.map((name, at) => placeholder(table, name, at)))})`;
}

function replaceStatement(table: EntityTable): RawBuilder<unknown> {
  const names = [...table.columns, 'version', 'dtLastModified', 'lastModifiedBy'];
  const assignments = names.map((name, at) => sql`${sql.ref(name)} = ${placeholder(table, name, at)}`);
  const key = (at: number) => sql.raw(`$${names.length + at}`);
  return sql`${withNext}update ${sql.table(table.name)} set ${sql.join(assignments)}
    where ${sql.ref('orgId')} = ${key(1)} and id = ${key(2)}`;
}

function placeholder(table: EntityTable, name: string, at: number): RawBuilder<unknown> {
  return sql.raw(`$${at + 1}${table.jsonColumns.has(name) ? '::json' : ''}`);
}

function parameters(table: EntityTable, values: Row): readonly unknown[] {
  return table.columns.map((name) => {
    const value = values[name] ?? null;
    return value !== null && table.jsonColumns.has(name) ? writeJsonWithNulls(value) : value;
  });
}

/** Values as a query would give them: jsonb holds text for dates and Decimals for numbers. */
function storedColumns(table: EntityTable, values: Row): Row {
  const stored: Row = {};
  for (const name of table.columns) {
    const value = values[name] ?? null;
    const isDocument = value !== null && table.jsonColumns.has(name);
    stored[name] = isDocument ? parseJson(writeJsonWithNulls(value)) : value;
  }
  return stored;
}
