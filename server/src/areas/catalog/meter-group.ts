import { sql } from 'kysely';
import { name } from '../../api/fields.ts';
import { anyId } from '../../api/filters.ts';
import { defineResource } from '../../api/resource.ts';

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
  // Its meters go on without a group. That is a change of theirs, so their versions count up (spec 10 §4).
  beforeDelete: async ({ tx, orgId, writer }, { id }) => {
    await sql`update meter
      set group_id = null, version = version + 1, dt_last_modified = ${writer.now},
          last_modified_by = ${writer.principalId}
      where org_id = ${orgId} and group_id = ${id}`.execute(tx);
  },
});
