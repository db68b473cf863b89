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
    const { start, end } = query;
    const name = `${start.epochMilliseconds} ${end.epochMilliseconds} ${kindOf(query, nameOf)}`;
    const set = sets.get(name) ?? { batches: [], nextOf: new Map(), firstOpen: 0 };
    sets.set(name, set);
    addTo(set, query);
  }
  return [...sets.values()].flatMap((set) => set.batches.map((batch) => batch.queries));
}

/** Equal for questions that differ only in accounts and windows. */
function kindOf({ filters, aggregation, receivedBefore }: UsageQuery, nameOf: NameOf): string {
  const limits = filters.length > 0 ? JSON.stringify(filters) : '';
  return `${receivedBefore ?? ''} ${nameOf(aggregation)} ${limits}`;
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
type NameOf = (definition: AggregationDefinition) => string;

function definitionNames(): NameOf {
  const names = new Map<AggregationDefinition, string>();
  return (definition) => {
    const name = names.get(definition) ?? JSON.stringify(definition);
    names.set(definition, name);
    return name;
  };
}

/** Fewer windows of the same accounts are asked one by one, which the index of the table serves best. */
const MIN_WINDOWS = 3;

/**
 * Takes out the questions about many windows of the same accounts, as tiers that span a plan ask: every batch
 * of them becomes one query, in which a measurement counts for one question only. `others` are all the rest.
 */
export function spanningBatches(queries: readonly UsageQuery[]): {
  readonly batches: readonly (readonly UsageQuery[])[];
  readonly others: readonly UsageQuery[];
} {
  const nameOf = definitionNames();
  const pools = new Map<string, UsageQuery[]>();
  for (const query of queries) {
    const name = `${kindOf(query, nameOf)} ${query.accountIds.join()}`;
    const pool = pools.get(name);
    if (pool === undefined) pools.set(name, [query]);
    else pool.push(query);
  }
  const others: UsageQuery[] = [];
  const sets = new Map<string, BatchSet>();
  for (const pool of pools.values()) {
    const [first] = pool as [UsageQuery];
    if (pool.length < MIN_WINDOWS || !areApart(pool)) {
      others.push(...pool);
      continue;
    }
    const name = kindOf(first, nameOf);
    const set = sets.get(name) ?? { batches: [], nextOf: new Map(), firstOpen: 0 };
    sets.set(name, set);
    addPool(set, pool);
  }
  return { batches: [...sets.values()].flatMap((set) => set.batches.map(({ queries: all }) => all)), others };
}

/** Whether no two of the windows share an instant. */
function areApart(pool: readonly UsageQuery[]): boolean {
  const ordered = pool.toSorted((a, b) => a.start.epochMilliseconds - b.start.epochMilliseconds);
  return ordered.every(({ start }, i) => {
    const before = ordered[i - 1];
    return before === undefined || before.end.epochMilliseconds <= start.epochMilliseconds;
  });
}

function addPool(set: BatchSet, pool: readonly UsageQuery[]): void {
  const [{ accountIds }] = pool as [UsageQuery];
  let index = 0;
  for (const id of accountIds) index = Math.max(index, set.nextOf.get(id) ?? 0);
  const size = accountIds.length * pool.length;
  while (isFull(set.batches[index], size)) index += 1;
  const batch = set.batches[index] ?? { queries: [], accounts: 0 };
  set.batches[index] = batch;
  batch.queries.push(...pool);
  batch.accounts += size;
  for (const id of accountIds) set.nextOf.set(id, index + 1);
}
