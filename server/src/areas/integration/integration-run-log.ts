import { sql } from 'kysely';
import { z } from 'zod';
import { optional, text } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { writeJsonWithNulls } from '../../kernel/json.ts';
import type { Row, Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { integrationRun } from './integration-run.ts';

/** What was sent and answered, one JSON line for each attempt, as Base64 (spec 60 §6.6). */
export const getIntegrationRunLogs = defineOperation({
  id: 'GetIntegrationRunLogs',
  method: 'GET',
  path: '/integrationruns/logs/{id}',
  summary: 'get the log of an integration run',
  tag: integrationRun.name,
  permission: { action: 'config:retrieve', resource: integrationRun.permission },
  response: z.object({ Payload: optional(text({ min: 0, max: 100_000_000 })) }),
  answers: 'whole',
  handle: async ({ ctx, orgId, params }) => {
    const { rows } = await sql<{ lines: readonly string[] }>`
      select array(select line from integration_run_log l
        where l.org_id = r.org_id and l.run_id = r.id order by attempt) as lines
      from integration_run r where org_id = ${orgId} and id = ${idOf(params)}`.execute(ctx.db);
    const [run] = rows;
    if (!run) throw new ApiError('NOT_FOUND', 'there is no IntegrationRun with this id');
    const text = run.lines.map((line) => `${line}\n`).join('');
    return { Payload: Buffer.from(text).toString('base64') };
  },
});

type Attempt = { readonly runId: string; readonly attempt: number };

/** Keeps what an attempt sent and got. Secrets have been masked before. */
export async function writeRunLog(
  tx: Tx,
  { orgId, now }: Writer,
  { runId, attempt, ...entry }: Attempt & { readonly entry: Row },
): Promise<void> {
  const line = writeJsonWithNulls({ at: now, attempt: attempt + 1, ...entry.entry });
  await sql`insert into integration_run_log (org_id, run_id, attempt, dt_created, line)
    values (${orgId}, ${runId}, ${attempt}, ${now}, ${line})`.execute(tx);
}
