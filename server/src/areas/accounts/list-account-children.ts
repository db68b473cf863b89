import { sql } from 'kysely';
import { z } from 'zod';
import { defineOperation } from '../../api/operation.ts';
import { pageOf, pageParameters } from '../../api/page.ts';
import { idOf } from '../../api/resource.ts';
import { ApiError } from '../../kernel/errors.ts';
import { findEntity } from '../../store/entity-store.ts';
import { account } from './account.ts';

const MAX_PAGE_SIZE = 200;

/** The child accounts of an account, newest first (spec 40 §1.1). */
export const listAccountChildren = defineOperation({
  id: 'ListAccountChildren',
  method: 'GET',
  path: '/accounts/{id}/children',
  summary: 'list the children of an account',
  tag: 'Account',
  permission: { action: 'config:retrieve', resource: 'config:account' },
  query: z.object(pageParameters(MAX_PAGE_SIZE)),
  response: account.response,
  answers: 'page',
  handle: async (call) => {
    const id = idOf(call.params);
    const parent = await findEntity(call.ctx.db, account.entityTable, { orgId: call.orgId, id });
    if (!parent) throw new ApiError('NOT_FOUND', 'there is no Account with this id');
    return pageOf({ ...account, maxPageSize: MAX_PAGE_SIZE }, call, [sql`parent_account_id = ${id}`]);
  },
});
