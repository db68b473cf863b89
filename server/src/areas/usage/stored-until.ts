import { sql } from 'kysely';
import { present } from '../../kernel/assert.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Reader } from '../../store/database.ts';
import { prepared } from '../../store/value-client.ts';

/**
 * The moment before which all measurements that the organization sent have been stored or refused: `now`, or
 * when the first one came that still waits in the inbox. A group in work waits there until it is stored. Of
 * 100 that came at 23:59:58 and wait at 00:00:00, it is 23:59:58.
 */
export async function storedUntil(db: Reader, orgId: string, now: Instant): Promise<Instant> {
  const { rows } = await sql<{ moment: Instant }>`${prepared}
    select least(${now}::timestamptz, min(received_at)) as moment
    from measurement_batch where org_id = ${orgId}`.execute(db);
  return present(rows[0], 'the moment').moment;
}
