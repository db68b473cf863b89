import { sql } from 'kysely';
import { changeOf } from '../../api/entity-writes.ts';
import { name } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';
import type { CheckScope, EntityOf } from '../../api/resource-spec.ts';
import { recordChanges } from '../../store/outbox.ts';
import { meter } from './meter.ts';

/** A heading over meters in analytics; billing does not look at it (spec 20 §3). */
export const meterGroup = defineResource({
  name: 'MeterGroup',
  path: 'metergroups',
  summary: 'a meter group',
  table: 'meter_group',
  permission: 'config:metergroup',
  event: 'configuration.metergroup',
  maxPageSize: 100,
  fields: { name: name() },
  filters: { ids: anyId('id') },
  example: { name: 'Storage' },
  beforeDelete: leaveMeters,
});

type MeterRow = EntityOf<(typeof meter)['fields']>;

/**
 * The group's meters go on without it. That is a change of theirs, which counts up their versions and is
 * recorded as any other (spec 10 §4, 60 §1.3).
 */
async function leaveMeters({ tx, orgId, call, writer }: CheckScope, { id }: { readonly id: string }) {
  const members = sql`org_id = ${orgId} and group_id = ${id}`;
  const { rows } = await sql<MeterRow>`
    select * from meter where ${members} order by id for update`.execute(tx);
  if (rows.length === 0) return;
  const updated = await sql<MeterRow>`update meter
    set group_id = null, version = version + 1, dt_last_modified = ${writer.now},
        last_modified_by = ${writer.principalId}
    where ${members} returning *`.execute(tx);
  const left = new Map(updated.rows.map((after) => [after.id, after]));
  const changes = rows.map((before) => changeOf(meter, call, { before, after: left.get(before.id) ?? null }));
  await recordChanges(tx, writer, { changes });
}
