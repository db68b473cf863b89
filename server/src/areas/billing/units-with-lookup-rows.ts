import { type LookupNeed, type LookupRows, lookupRowKey } from '../../engine/expression/lookups.ts';
import type { Db, Tx } from '../../store/database.ts';
import { lookupRows } from '../catalog/index.ts';
import type { UnitFacts } from './load-bill-facts.ts';

/** A unit whose calculation is not done, and the rows that it needs. */
export type LookingUp = { readonly unit: UnitFacts; readonly lookups: readonly LookupNeed[] };

/** Where facts are read: the transaction that writes the bills, if there is one. */
export type FactsSource = { readonly db: Db | Tx; readonly orgId: string };

/**
 * The units with the rows among their facts that their calculations need, read for all units together. Units
 * of one batch were loaded together, so a table has the same revision for all of them.
 */
export async function unitsWithLookupRows(
  source: FactsSource,
  units: readonly LookingUp[],
): Promise<readonly UnitFacts[]> {
  const needs = units.flatMap(({ lookups }) => lookups);
  if (needs.length === 0) return units.map(({ unit }) => unit);
  const revisions = new Map(units.flatMap(({ unit }) => [...(unit.facts.lookupTables ?? [])]));
  const read = await lookupRows(source, revisions, needs);
  return units.map((one) => (one.lookups.length === 0 ? one.unit : withRows(one, read)));
}

/** Only the unit's own rows: its facts must not depend on what else is calculated with it. */
function withRows({ unit, lookups }: LookingUp, read: ReadonlyMap<string, LookupRows>): UnitFacts {
  const own = new Map(unit.facts.lookupRows);
  for (const { table, key } of lookups) {
    const rowKey = lookupRowKey(key);
    own.set(table, new Map([...(own.get(table) ?? []), [rowKey, read.get(table)?.get(rowKey) ?? null]]));
  }
  return Object.assign({}, unit, { facts: Object.assign({}, unit.facts, { lookupRows: own }) });
}
