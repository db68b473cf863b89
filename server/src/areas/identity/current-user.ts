import { sql } from 'kysely';
import { z } from 'zod';
import { freeObject, optional } from '../../api/fields.ts';
import { defineOperation } from '../../api/operation.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Row } from '../../store/database.ts';

/** `GET /users/me`: the caller and the organization (spec 10 §14). */
export const currentUser = defineOperation({
  id: 'GetCurrentUser',
  method: 'GET',
  path: '/users/me',
  summary: 'get the calling user or service user',
  tag: 'User',
  permission: null,
  response: z.object({ serviceUser: optional(freeObject()), organization: freeObject() }),
  answers: 'whole',
  handle: async ({ ctx, orgId, principal }) => {
    const users =
      await sql<Row>`select id, version, name, dt_created, dt_last_modified, created_by, last_modified_by
      from service_user where org_id = ${orgId} and id = ${principal.id}`.execute(ctx.db);
    const organizations = await sql<Row>`
      select id, id as org_id, version, name as organization_name, short_name, type, status,
             dt_created, dt_last_modified, created_by, last_modified_by
      from organization where id = ${orgId}`.execute(ctx.db);
    const [serviceUser, organization] = [users.rows[0], organizations.rows[0]];
    if (!serviceUser || !organization) throw new ApiError('UNAUTHORIZED', 'the caller no longer exists');
    return { serviceUser, organization };
  },
});
