import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import type { Condition } from '../store/database.ts';
import { type EntityTable, orderedEntities } from '../store/entity-store.ts';
import { fieldsRefused } from './body.ts';
import { answerOf } from './entity-writes.ts';
import { enumParameter, integerParameter, textParameter } from './filters.ts';
import { allowedConditions } from './item-permission.ts';
import { defineOperation, type Operation } from './operation.ts';
import { organizationZone } from './organization-zone.ts';
import type { Declared, EntityOf, Fields } from './resource-spec.ts';
import { type SearchFields, searchConditions } from './search-terms.ts';

export const DEFAULT_PAGE_SIZE = 10;
const MAX_OFFSET = 999_999_999;

/** The parameters of every search (spec 10 §7.2). */
export const SEARCH_QUERY = z.object({
  searchQuery: textParameter(),
  operator: enumParameter(['AND', 'OR']),
  sortBy: textParameter(),
  sortOrder: enumParameter(['ASC', 'DESC']),
  pageSize: integerParameter({ min: 1, max: 100 }),
  fromDocument: integerParameter({ min: 0, max: MAX_OFFSET }),
});

/** The terms of a search as one condition: all of them, or any with the operator OR; none without terms. */
export function searchCondition(
  terms: readonly Condition[],
  operator: 'AND' | 'OR' | undefined,
): Condition[] {
  const either = operator === 'OR' ? sql` or ` : sql` and `;
  return terms.length > 0 ? [sql<boolean>`(${sql.join(terms, either)})`] : [];
}

/** Fields of the envelope that every search takes. */
const ENVELOPE = {
  id: 'id',
  ids: 'ids',
  createdBy: 'id',
  lastModifiedBy: 'id',
  dtCreated: 'dateTime',
} as const;
const SORTABLE = ['id', 'version', 'dtCreated', 'dtLastModified', 'createdBy', 'lastModifiedBy'];

/**
 * `GET /{path}/search`: the entities that match the terms of `searchQuery`, newest first unless sorted
 * otherwise (spec 40 §9). A page begins at the offset `fromDocument`; `nextToken` is the offset of the next
 * one.
 */
export function searchOperation<F extends Fields>(
  resource: Declared<F>,
  { id, fields }: { id: string; fields: SearchFields },
): Operation {
  return defineOperation({
    id,
    method: 'GET',
    path: `/${resource.path}/search`,
    summary: `search ${resource.summary}`,
    tag: resource.name,
    permission: { action: 'config:retrieve', resource: resource.permission },
    query: SEARCH_QUERY,
    response: resource.response,
    answers: 'page',
    handle: async ({ ctx, orgId, principal, query }) => {
      const { searchQuery = '', operator, pageSize = DEFAULT_PAGE_SIZE, fromDocument: offset = 0 } = query;
      const zone = await organizationZone(ctx.db, orgId);
      const terms = searchConditions(searchQuery, { ...ENVELOPE, ...fields }, zone);
      const retrieve = { action: 'config:retrieve', resource: resource.permission };
      const allowed = allowedConditions({ orgId, principal }, retrieve, { table: resource.table });
      const table = resource.tableAt(ctx.clock.now());
      const rows = await orderedEntities(ctx.db, table, {
        orgId,
        conditions: [...searchCondition(terms, operator), ...allowed],
        order: orderOf(resource, table, query),
        limit: pageSize + 1,
        offset,
      });
      const data = rows.slice(0, pageSize).map((row) => answerOf(resource, row as unknown as EntityOf<F>));
      return rows.length > pageSize ? { data, nextToken: String(offset + pageSize) } : { data };
    },
  });
}

type Sorting = { readonly sortBy?: string | undefined; readonly sortOrder?: 'ASC' | 'DESC' | undefined };

function orderOf<F extends Fields>(
  resource: Declared<F>,
  table: EntityTable,
  { sortBy, sortOrder }: Sorting,
): RawBuilder<unknown> {
  const column = sortBy ?? 'dtCreated';
  const computed = Object.hasOwn(table.computed, column) ? table.computed[column] : undefined;
  if (!computed && !SORTABLE.includes(column) && !Object.hasOwn(resource.fields, column)) {
    throw fieldsRefused([{ field: 'sortBy', message: `must be a field of ${resource.name}` }]);
  }
  const direction = (sortOrder ?? (sortBy === undefined ? 'DESC' : 'ASC')) === 'ASC' ? sql`asc` : sql`desc`;
  const own = (name: string) => sql.ref(`${resource.table}.${name}`);
  const value = computed ? sql`(${computed})` : own(column);
  return sql`${value} ${direction} nulls last, ${own('id')} ${direction}`;
}
