import { zoneFromText } from '../kernel/time.ts';
import type { Db, Tx } from '../store/database.ts';

/** The timezone of an organization as a Temporal zone id. */
export async function organizationZone(db: Db | Tx, orgId: string): Promise<string> {
  const row = await db
    .selectFrom('organizationConfig')
    .select('timezone')
    .where('orgId', '=', orgId)
    .executeTakeFirst();
  return zoneFromText(String(row?.['timezone'] ?? 'UTC')) ?? 'UTC';
}
