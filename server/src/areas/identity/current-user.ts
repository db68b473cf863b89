import { sql } from 'kysely';
import { z } from 'zod';
import { freeObject, optional } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import type { Context } from '../../context.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';
import { ORGANIZATION_COLUMNS } from './list-organizations.ts';
import { membershipsOf } from './people.ts';

/** `GET /users/me`: the caller and the organization (spec 10 §14). */
export const currentUser = defineOperation({
  id: 'GetMe',
  method: 'GET',
  path: '/users/me',
  summary: 'get the calling user or service user',
  tag: 'User',
  permission: null,
  response: z.object({
    user: optional(freeObject()),
    serviceUser: optional(freeObject()),
    organization: freeObject(),
  }),
  answers: 'whole',
  handle: async ({ ctx, orgId, principal }) => {
    const organizations = await sql<Row>`
      select ${ORGANIZATION_COLUMNS} from organization where id = ${orgId}`.execute(ctx.db);
    const isUser = principal.kind === 'USER';
    const caller = await (isUser ? userRow : serviceUserRow)(ctx, { orgId, id: principal.id });
    const [organization] = organizations.rows;
    if (!caller || !organization) throw new ApiError('UNAUTHORIZED', 'the caller no longer exists');
    return isUser ? { user: caller, organization } : { serviceUser: caller, organization };
  },
});

type Key = { readonly orgId: string; readonly id: string };

async function serviceUserRow(ctx: Context, { orgId, id }: Key): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    select id, version, name, dt_created, dt_last_modified, created_by, last_modified_by
    from service_user where org_id = ${orgId} and id = ${id}`.execute(ctx.db);
  return rows[0];
}

/** A person sees where else they belong; a support user is no member and has no version here. */
async function userRow(ctx: Context, { orgId, id }: Key): Promise<Row | undefined> {
  const { rows } = await sql<Row>`
    select p.id, u.version, p.email, p.first_name, p.last_name, p.contact_number, p.support_user,
      coalesce(u.dt_created, p.dt_created) as dt_created, u.dt_last_modified, u.created_by, u.last_modified_by
    from person p left join org_user u on u.org_id = ${orgId} and u.id = p.id
    where p.id = ${id}`.execute(ctx.db);
  const [row] = rows;
  if (!row) return undefined;
  const memberships = await membershipsOf(ctx, id);
  return { ...row, organizations: memberships.map((membership) => membership.orgId) };
}
