import { sql } from 'kysely';
import { writerOf } from '../../api/entity-writes.ts';
import type { AnyCall } from '../../api/operation.ts';
import { present } from '../../kernel/assert.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import type { Condition, Db, Row, Tx } from '../../store/database.ts';
import type { Envelope, Writer } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { rowSet } from '../../store/row-set.ts';
import type { KeyedItem } from './lookup-table-item.ts';
import type { StoredRevision } from './lookup-table-revision.ts';

/** The version of the rows of a revision, which counts its writes, and who made them. */
type Stamp = Omit<Envelope, 'id'>;

type Shown = { readonly items: readonly Omit<KeyedItem, 'keyHash'>[]; readonly withKeys: boolean };

/** Items and the stamp of their last write, null before the first, as the API answers them. */
export function itemsAnswer(stamp: Stamp | null, { items, withKeys }: Shown): Row {
  return { ...stamp, items: items.map(({ item, lookupKey }) => (withKeys ? { ...item, lookupKey } : item)) };
}

export async function stampOf(db: Db | Tx, { orgId, id }: StoredRevision): Promise<Stamp | null> {
  const { rows } = await sql<Stamp>`
    select version, dt_created, dt_last_modified, created_by, last_modified_by from lookup_table_write
    where org_id = ${orgId} and revision_id = ${id}`.execute(db);
  return rows[0] ?? null;
}

/** Up to `limit` items under a condition, in the order of their keys. */
export async function itemsOf(
  db: Db | Tx,
  { orgId, id }: StoredRevision,
  { limit, condition = sql`true` }: { readonly limit: number; readonly condition?: Condition },
): Promise<readonly KeyedItem[]> {
  const { rows } = await sql<KeyedItem>`
    select key_hash, lookup_key, item from lookup_table_item
    where org_id = ${orgId} and revision_id = ${id} and ${condition}
    order by lookup_key collate "C", key_hash limit ${limit}`.execute(db);
  return rows;
}

/** Refuses a version that is not that of the rows, and rows of what is no draft (spec 20 §15.4). */
export async function refuseItemWrite(tx: Tx, revision: StoredRevision, sent: unknown): Promise<void> {
  const version = (await stampOf(tx, revision))?.version ?? 0;
  if (sent !== undefined && sent !== null && String(sent) !== String(version)) {
    const message = `version ${String(sent)} was sent, the current version of the items is ${version}`;
    throw new ApiError('VERSION_MISMATCH', message, [{ field: 'version', message: `must equal ${version}` }]);
  }
  if (revision.status !== 'DRAFT') {
    throw refusal('ILLEGAL_STATE', 'items', `cannot be changed in a revision that is ${revision.status}`);
  }
}

/** Adds the items to a revision that the caller holds; those of the same key are replaced. */
export async function putItems(tx: Tx, revision: StoredRevision, items: readonly KeyedItem[]): Promise<void> {
  const rows = items.map((item) => ({ ...item, orgId: revision.orgId, revisionId: revision.id }));
  await sql`insert into lookup_table_item (org_id, revision_id, key_hash, lookup_key, item)
    select r.org_id, r.revision_id, r.key_hash, r.lookup_key, r.item
    from ${await rowSet(tx, 'lookup_table_item', rows)} r
    on conflict (org_id, revision_id, key_hash)
      do update set lookup_key = excluded.lookup_key, item = excluded.item`.execute(tx);
}

/** Removes items of a revision that the caller holds, answers how many. */
export async function removeItems(tx: Tx, revision: StoredRevision, condition: Condition): Promise<number> {
  const { numAffectedRows = 0n } = await sql`delete from lookup_table_item
    where org_id = ${revision.orgId} and revision_id = ${revision.id} and ${condition}`.execute(tx);
  return Number.parseInt(String(numAffectedRows), 10);
}

/** Who writes items, and the request that told to; null for a file that is read later. */
export type ItemWriting = { readonly writer: Writer; readonly requestId: string | null };

export function itemWriting(call: AnyCall): ItemWriting {
  return { writer: writerOf(call), requestId: call.request.id };
}

/** Counts a write of items, with its audit row; answers the new stamp. */
export async function stampWrite(
  tx: Tx,
  { writer, requestId }: ItemWriting,
  { id, orgId }: StoredRevision,
): Promise<Stamp> {
  const [now, principal] = [String(writer.now), writer.principalId];
  const { rows } = await sql<Stamp>`
    insert into lookup_table_write
      (org_id, revision_id, version, dt_created, dt_last_modified, created_by, last_modified_by)
    values (${orgId}, ${id}, 1, ${now}, ${now}, ${principal}, ${principal})
    on conflict (org_id, revision_id) do update set version = lookup_table_write.version + 1,
      dt_last_modified = excluded.dt_last_modified, last_modified_by = excluded.last_modified_by
    returning version, dt_created, dt_last_modified, created_by, last_modified_by`.execute(tx);
  const stamp = present(rows[0], 'the stamp of a write');
  await recordChange(tx, writer, {
    entityType: 'LookupTableRevisionData',
    entityId: id,
    action: stamp.version === 1 ? 'created' : 'updated',
    event: null,
    before: null,
    after: { version: stamp.version },
    requestId,
  });
  return stamp;
}
