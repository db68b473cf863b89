import { sql } from 'kysely';
import type { Condition } from '../store/database.ts';
import { deleteEntities, orderedEntities } from '../store/entity-store.ts';
import { recordChanges } from '../store/outbox.ts';
import { changeOf } from './entity-writes.ts';
import type { CheckScope, Declared, EntityOf, Fields } from './resource-spec.ts';

const MAX_AT_ONCE = 500;

/**
 * Deletes what belongs to an entity that goes, each with audit and event as its own DELETE would (spec 10
 * §22, 60 §1.1): a cascade of the database tells nobody. The caller holds the owner's row, so nothing joins
 * meanwhile.
 */
export async function deleteOwned<F extends Fields>(
  resource: Declared<F>,
  scope: CheckScope,
  owned: Condition,
): Promise<void> {
  const { tx, orgId, writer } = scope;
  const request = {
    orgId,
    conditions: [owned],
    order: sql`dt_created, id`,
    limit: MAX_AT_ONCE,
  };
  const table = resource.tableAt(scope.now);
  for (;;) {
    const rows = (await orderedEntities(tx, table, request)) as unknown as EntityOf<F>[];
    if (rows.length === 0) return;
    for (const before of rows) await resource.beforeDelete?.(scope, before);
    await deleteEntities(tx, resource.entityTable, { orgId, ids: rows.map(({ id }) => id) });
    const changes = rows.map((before) => changeOf(resource, scope.call, { before, after: null }));
    await recordChanges(tx, writer, { changes });
  }
}
