import type { FastifyReply, FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import type { PublicRoute } from '../../api/app.ts';
import { text } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import type { Context } from '../../context.ts';
import { ApiError } from '../../kernel/errors.ts';
import {
  FAILED_INGEST_PATH,
  type FailureFile,
  failedIngestLink,
  failureFileId,
  fileFromLink,
} from './failed-ingest-link.ts';

/**
 * `GET …/failedIngest/getDownloadUrl`: a link to a failure file that is good for five minutes (spec 20 §8).
 */
export const failedIngestDownloadUrl = defineOperation({
  id: 'GetValidationErrorDownloadUrl',
  method: 'GET',
  path: '/measurements/failedIngest/getDownloadUrl',
  summary: 'get the download address of a failed measurement',
  tag: 'Measurements',
  permission: { action: 'measurements:retrieve', resource: 'measurements:measurement' },
  query: z.object({ file: text({ max: 1000 }) }),
  response: z.object({ url: text() }),
  answers: 'whole',
  handle: async ({ ctx, orgId, query }) => {
    const id = failureFileId(query.file);
    const file = id && { orgId, id };
    if (!file || (await failureDocument(ctx, file)) === null) throw missing();
    return { url: failedIngestLink(ctx, file) };
  },
});

/** What the link leads to: the errors and the measurement as it was submitted, as a JSON file. */
export const downloadFailedIngest: PublicRoute = {
  method: 'GET',
  path: `${FAILED_INGEST_PATH}/:token`,
  serve: async (ctx: Context, request: FastifyRequest, reply: FastifyReply) => {
    const { token } = request.params as { readonly token: string };
    const file = fileFromLink(ctx, token);
    if (!file) throw new ApiError('FORBIDDEN', 'the link has expired, or it is none of ours');
    const document = await failureDocument(ctx, file);
    if (document === null) throw missing();
    reply.header('cache-control', 'no-store');
    reply.header('content-disposition', `attachment; filename="failed-measurement-${file.id}.json"`);
    return reply.type('application/json; charset=utf-8').send(document);
  },
};

function missing(): ApiError {
  return new ApiError('NOT_FOUND', 'there is no such file');
}

/** The text of the file: numbers as exact as they were submitted. */
async function failureDocument(ctx: Context, { orgId, id }: FailureFile): Promise<string | null> {
  const { rows } = await sql<{ document: string }>`
    select document::text as document from failed_measurement
    where org_id = ${orgId} and id = ${id}`.execute(ctx.db);
  return rows[0]?.document ?? null;
}
