import type { FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import type { PublicRoute } from '../../api/app.ts';
import { checked } from '../../api/body.ts';
import { oneOf, reference, text } from '../../api/fields.ts';
import { pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import type { Context } from '../../context.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { membershipsOf } from './people.ts';
import { bearerOf } from './principal.ts';

const MAX_PAGE_SIZE = 100;
const QUERY = z.object(pageParameters(MAX_PAGE_SIZE));

const organizationResponse = z.object({
  orgId: reference('Organization'),
  organizationName: text(),
  shortName: text(),
  type: oneOf(['PRODUCTION', 'SANDBOX']),
  status: oneOf(['ACTIVE', 'ARCHIVED']),
});

/** The columns of an organization as it is answered (spec 10 §14). */
export const ORGANIZATION_COLUMNS = sql`id, id as org_id, version, name as organization_name, short_name,
  type, status, dt_created, dt_last_modified, created_by, last_modified_by`;

/** `GET /organizations`: a page of those that the caller can enter now, newest first (spec 10 §23). */
export const listOrganizations: PublicRoute = {
  method: 'GET',
  path: '/organizations',
  described: {
    id: 'ListOrganizations',
    summary: 'list the organizations of the caller',
    tag: 'Organization',
    query: QUERY,
    response: organizationResponse,
    answers: 'page',
    signIn: 'bearer',
    refusals: [400, 403],
  },
  serve: async (ctx, request) => {
    const token = /^Bearer ([\w\-.]+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const bearer = token ? await bearerOf(ctx, token) : null;
    if (!bearer) throw new ApiError('UNAUTHORIZED', 'a valid bearer token is required');
    const ids = bearer.orgId ?? (await membershipsOf(ctx, bearer.id)).map(({ orgId }) => orgId);
    return organizationPage(ctx, request, { callerId: bearer.id, ids: [ids].flat() });
  },
};

type Wanted = { readonly callerId: string; readonly ids: readonly string[] };

async function organizationPage(
  ctx: Context,
  request: FastifyRequest,
  { callerId, ids }: Wanted,
): Promise<Row> {
  const query = request.query as Record<string, unknown>;
  const { pageSize: size = MAX_PAGE_SIZE, nextToken } = checked(QUERY, { ...query });
  const list = { orgId: callerId, path: '/organizations', filters: query };
  const signer = { secretKey: ctx.secretKey, now: ctx.clock.now() };
  const after = nextToken === undefined ? [] : positionFromToken(nextToken, list, signer);
  const [dtCreated, id] = after;
  const behind =
    id === undefined ? sql`true` : sql`(dt_created, id) < (${dtCreated}::timestamptz, ${id}::uuid)`;
  const { rows } = await sql<Row & { id: string }>`
    select ${ORGANIZATION_COLUMNS} from organization where id = any(${ids}::uuid[]) and ${behind}
    order by dt_created desc, id desc limit ${size + 1}`.execute(ctx.db);
  const data = rows.slice(0, size);
  const last = rows.length > size ? rows[size - 1] : undefined;
  if (!last) return { data };
  return { data, nextToken: nextTokenOf([String(last['dtCreated']), last.id], list, signer) };
}
