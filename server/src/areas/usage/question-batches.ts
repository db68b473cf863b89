import type { AggregationDefinition, UsageQuery } from '../../engine/metering/usage-query.ts';

/** Accounts of one ClickHouse query; more are asked in several, so that the text of a query stays bounded. */
const MAX_ACCOUNTS = 10_000;

/**
 * Groups of questions with the same aggregation, window and filters: each becomes one query. The pools of a
 * group have no account in common, since a measurement counts for one question of a query only: a parent's
 * pooled usage and the share of each of its children are asked apart. The time it takes grows with the
 * number of accounts.
 */
export function questionBatches(queries: readonly UsageQuery[]): readonly (readonly UsageQuery[])[] {
  const nameOf = definitionNames();
  const sets = new Map<string, BatchSet>();
  for (const query of queries) {
    const { start, end, filters, aggregation } = query;
    const window = `${start.epochMilliseconds} ${end.epochMilliseconds}`;
    const name = `${window} ${nameOf(aggregation)} ${filters.length > 0 ? JSON.stringify(filters) : ''}`;
    const set = sets.get(name) ?? { batches: [], nextOf: new Map(), firstOpen: 0 };
    sets.set(name, set);
    addTo(set, query);
  }
  return [...sets.values()].flatMap((set) => set.batches.map((batch) => batch.queries));
}

type Batch = { readonly queries: UsageQuery[]; accounts: number };
type BatchSet = {
  readonly batches: Batch[];
  /** By account: the first batch that it is in none of, nor in a later one. */
  readonly nextOf: Map<string, number>;
  /** All batches before are full. */
  firstOpen: number;
};

function addTo(set: BatchSet, query: UsageQuery): void {
  const { accountIds } = query;
  let index = set.firstOpen;
  for (const id of accountIds) index = Math.max(index, set.nextOf.get(id) ?? 0);
  while (isFull(set.batches[index], accountIds.length)) index += 1;
  const batch = set.batches[index] ?? { queries: [], accounts: 0 };
  set.batches[index] = batch;
  batch.queries.push(query);
  batch.accounts += accountIds.length;
  for (const id of accountIds) set.nextOf.set(id, index + 1);
  while (isFull(set.batches[set.firstOpen], 1)) set.firstOpen += 1;
}

/** A batch that does not exist yet takes any number of accounts. */
function isFull(batch: Batch | undefined, more: number): boolean {
  return batch !== undefined && batch.accounts + more > MAX_ACCOUNTS;
}

/**
 * The text of a definition, written once for each object: segments can make it long, and questions share
 * it.
 */
function definitionNames(): (definition: AggregationDefinition) => string {
  const names = new Map<AggregationDefinition, string>();
  return (definition) => {
    const name = names.get(definition) ?? JSON.stringify(definition);
    names.set(definition, name);
    return name;
  };
}
