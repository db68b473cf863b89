import type { CompiledQuery } from 'kysely';
import type { EntityTable } from './entity-store.ts';

/** Whether rows of the table are answered with fields that a query over others gives. */
export function isComputed(table: EntityTable): boolean {
  return Object.keys(table.computed).length > 0;
}

const texts = new WeakMap<EntityTable, Map<string, string>>();

/**
 * The text of a statement that is the same each time but for its parameters; the query builder writes it
 * once, which takes as long as a short round trip.
 */
export function textOf(table: EntityTable, name: string, write: () => CompiledQuery): string {
  const known = texts.get(table) ?? new Map<string, string>();
  texts.set(table, known);
  const text = known.get(name) ?? write().sql;
  known.set(name, text);
  return text;
}
