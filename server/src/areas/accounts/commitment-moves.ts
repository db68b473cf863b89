import { sql } from 'kysely';
import { present } from '../../kernel/assert.ts';
import type { Tx } from '../../store/database.ts';
import { orderedEntities, type Stored, type Writer } from '../../store/entity-store.ts';
import { type Change, recordChanges } from '../../store/outbox.ts';
import { commitment } from './commitment.ts';

/**
 * The commitments in the order of their ids with what is spent of them; nobody else moves anything on them
 * until the transaction ends. They are read after they are locked: what was waited for counts.
 */
export async function lockCommitments(
  tx: Tx,
  writer: Writer,
  commitmentIds: readonly string[],
): Promise<readonly Stored[]> {
  if (commitmentIds.length === 0) return [];
  await sql`select from commitment where org_id = ${writer.orgId} and id = any(${commitmentIds}::uuid[])
    order by id for no key update`.execute(tx);
  return storedCommitments(tx, writer, commitmentIds);
}

function storedCommitments(
  tx: Tx,
  { orgId }: Writer,
  commitmentIds: readonly string[],
): Promise<readonly Stored[]> {
  return orderedEntities(tx, commitment.entityTable, {
    orgId,
    conditions: [sql`id = any(${commitmentIds}::uuid[])`],
    order: sql`id`,
    limit: commitmentIds.length,
  });
}

type Drawn = {
  /** The commitments as they were, locked by the transaction. */
  readonly before: readonly Stored[];
  readonly requestId: string | null;
};

/**
 * Tells of draws that have changed: each commitment counts its version up and raises
 * `configuration.commitment.updated` (spec 50 §6.6).
 */
export async function recordDrawn(tx: Tx, writer: Writer, { before, requestId }: Drawn): Promise<void> {
  if (before.length === 0) return;
  const ids = before.map(({ id }) => id);
  await sql`update commitment set version = version + 1, dt_last_modified = ${writer.now},
      last_modified_by = ${writer.principalId}
    where org_id = ${writer.orgId} and id = any(${ids}::uuid[])`.execute(tx);
  const after = await storedCommitments(tx, writer, ids);
  const { name: entityType, event } = commitment;
  const changes = before.map((old, at): Change => {
    const next = present(after[at], 'a commitment that has been drawn on');
    return { entityType, entityId: old.id, action: 'updated', event, before: old, after: next, requestId };
  });
  await recordChanges(tx, writer, { changes });
}
