import type { AggregationDefinition, UsageQuery } from '../../engine/metering/usage-query.ts';
import type { Instant } from '../../kernel/time.ts';

/** Accounts of one ClickHouse query; more are asked in several, so that the text of a query stays bounded. */
const MAX_ACCOUNTS = 10_000;

/**
 * Groups of questions with the same aggregation, window and filters: each becomes one query. The pools of a
 * group have no account in common, since a measurement counts for one question of a query only: a parent's
 * pooled usage and the share of each of its children are asked apart. The time it takes grows with the
 * number of accounts.
 */
export function questionBatches(queries: readonly UsageQuery[]): readonly (readonly UsageQuery[])[] {
  const kindOf = kinds();
  const momentOf = moments();
  const sets = new Map<string, BatchSet>();
  for (const query of queries) {
    const name = `${momentOf(query.start)} ${momentOf(query.end)} ${kindOf(query)}`;
    const set = sets.get(name) ?? { batches: [], nextOf: new Map(), firstOpen: 0 };
    sets.set(name, set);
    addTo(set, query);
  }
  return [...sets.values()].flatMap((set) => set.batches.map((batch) => batch.queries));
}

/** Equal for questions that differ only in accounts and windows; short, because thousands are compared. */
type KindOf = (query: UsageQuery) => string;

function kinds(): KindOf {
  const definitions = new Map<AggregationDefinition, number>();
  const texts = new Map<string, number>();
  return ({ filters, aggregation, receivedBefore, absences }) => {
    let definition = definitions.get(aggregation);
    if (definition === undefined) {
      const text = JSON.stringify(aggregation);
      definition = texts.get(text) ?? texts.size;
      texts.set(text, definition);
      definitions.set(aggregation, definition);
    }
    const named = filters.length > 0 ? JSON.stringify(filters) : '';
    // Rows are looked up in another way where accounts have absences.
    const limits = absences === undefined ? named : `${named} absences`;
    return receivedBefore === undefined
      ? `${definition} ${limits}`
      : `${definition} ${receivedBefore} ${limits}`;
  };
}

/** Questions share most of their instants, and an instant takes long to tell its milliseconds. */
function moments(): (instant: Instant) => string {
  const known = new Map<Instant, string>();
  return (instant) => {
    let ms = known.get(instant);
    if (ms === undefined) {
      ms = String(instant.epochMilliseconds);
      known.set(instant, ms);
    }
    return ms;
  };
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
  const kindOf = kinds();
  const others: UsageQuery[] = [];
  const pools = new Map<string, UsageQuery[]>();
  const counts = new Map<string, number>();
  for (const {
    accountIds: [id = ''],
  } of queries)
    counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const query of queries) {
    if ((counts.get(query.accountIds[0] ?? '') ?? 0) < MIN_WINDOWS) {
      others.push(query);
      continue;
    }
    const name = `${kindOf(query)} ${query.accountIds.join()}`;
    const pool = pools.get(name);
    if (pool === undefined) pools.set(name, [query]);
    else pool.push(query);
  }
  const sets = new Map<string, BatchSet>();
  for (const pool of pools.values()) {
    const [first] = pool as [UsageQuery];
    if (pool.length < MIN_WINDOWS || !areApart(pool)) {
      others.push(...pool);
      continue;
    }
    const name = kindOf(first);
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
