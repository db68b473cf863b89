import { sql } from 'kysely';
import { present } from '../../kernel/assert.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import type { Row, Tx } from '../../store/database.ts';
import { orderedEntities, type Stored, type Writer } from '../../store/entity-store.ts';
import { type Change, recordChanges, recordEvents } from '../../store/outbox.ts';
import { balance } from './balance.ts';

/** A balance with what it holds. */
export type HeldBalance = Stored & { readonly amount: Decimal; readonly allowOverdraft: boolean | null };

/**
 * The balances in the order of their ids; nobody else moves money on them until the transaction ends.
 * They are read after they are locked: what was waited for counts.
 */
export async function lockBalances(
  tx: Tx,
  writer: Writer,
  balanceIds: readonly string[],
): Promise<readonly HeldBalance[]> {
  if (balanceIds.length === 0) return [];
  await sql`select from balance where org_id = ${writer.orgId} and id = any(${balanceIds}::uuid[])
    order by id for no key update`.execute(tx);
  return heldBalances(tx, writer, balanceIds);
}

async function heldBalances(
  tx: Tx,
  { orgId, now }: Writer,
  balanceIds: readonly string[],
): Promise<readonly HeldBalance[]> {
  const found = await orderedEntities(tx, balance.tableAt(now), {
    orgId,
    conditions: [sql`id = any(${balanceIds}::uuid[])`],
    order: sql`id`,
    limit: balanceIds.length,
  });
  return found as unknown as HeldBalance[];
}

type Moved = {
  /** The balances as they were, locked by the transaction. */
  readonly before: readonly HeldBalance[];
  readonly requestId: string | null;
};

/**
 * Tells of money that has moved on balances: each counts its version up and raises
 * `billing.balance.updated` and `billing.balanceamount.updated` with what it held before and holds now
 * (spec 50 §5.3, 60 §1.3).
 */
export async function recordMoves(tx: Tx, writer: Writer, { before, requestId }: Moved): Promise<void> {
  if (before.length === 0) return;
  const ids = before.map(({ id }) => id);
  await sql`update balance set version = version + 1, dt_last_modified = ${writer.now},
      last_modified_by = ${writer.principalId}
    where org_id = ${writer.orgId} and id = any(${ids}::uuid[])`.execute(tx);
  const after = await heldBalances(tx, writer, ids);
  const changes = before.map((old, at) =>
    balanceChange(old, present(after[at], 'a balance whose money has moved'), requestId),
  );
  await recordChanges(tx, writer, { changes });
  await recordEvents(tx, writer, changes.map(amountEvent));
}

type Series = {
  /** The balance as it was, locked by the transaction. */
  readonly before: HeldBalance;
  /** What was put in, oldest first. */
  readonly amounts: readonly Decimal[];
  readonly requestId: string | null;
};

/** As `recordMoves` for transactions one after the other: each has a version and its two events. */
export async function recordSeries(
  tx: Tx,
  writer: Writer,
  { before, amounts, requestId }: Series,
): Promise<void> {
  await sql`update balance set version = version + ${amounts.length}, dt_last_modified = ${writer.now},
      last_modified_by = ${writer.principalId}
    where org_id = ${writer.orgId} and id = ${before.id}`.execute(tx);
  const [last] = await heldBalances(tx, writer, [before.id]);
  const after = present(last, 'a balance whose money has moved');
  const changes: Change[] = [];
  let old = before;
  for (const amount of amounts) {
    const next = { ...after, version: old.version + 1, amount: old.amount.plus(amount) };
    changes.push(balanceChange(old, next, requestId));
    old = next;
  }
  await recordChanges(tx, writer, { changes });
  await recordEvents(tx, writer, changes.map(amountEvent));
}

function balanceChange(before: Row, after: HeldBalance, requestId: string | null): Change {
  const { name: entityType, event } = balance;
  return { entityType, entityId: after.id, action: 'updated', event, before, after, requestId };
}

function amountEvent({ before, after }: Change) {
  return { name: 'billing.balanceamount.updated', attributes: { newDto: after, oldDto: before } };
}
