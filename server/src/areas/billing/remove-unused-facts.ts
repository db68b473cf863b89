import { sql } from 'kysely';
import { z } from 'zod';
import { defineTask } from '../../jobs/task.ts';
import { inTransaction } from '../../store/transaction.ts';
import { lockName } from './bill-manifest.ts';

/** Removes facts that no bill was calculated from any more: bills are deleted and calculated again. */
export const removeUnusedFacts = defineTask({
  name: 'removeUnusedFacts',
  payload: z.object({}),
  run: async ({ db }) => {
    const { rows } = await sql<{ id: string }>`select id from organization order by id`.execute(db);
    for (const { id: orgId } of rows) {
      await inTransaction(db, async (tx) => {
        await sql`select pg_advisory_xact_lock(hashtextextended(${lockName(orgId)}, 0))`.execute(tx);
        await sql`delete from bill_fact_set s where s.org_id = ${orgId}
          and s.digest not in (
            select unnest(array[catalog_digest, unit_digest, run_digest]) from bill_manifest
            where org_id = ${orgId})`.execute(tx);
      });
    }
  },
});

/** Once a day, at a quiet hour. */
export const REMOVE_UNUSED_FACTS_DAILY = `47 3 * * * ${removeUnusedFacts.name} ?jobKey=removeUnusedFacts`;
