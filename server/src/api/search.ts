import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { uuidFromText } from '../kernel/ids.ts';
import { dateFromText, instantFromText, startOfDate } from '../kernel/time.ts';
import type { Condition } from '../store/database.ts';
import { rowsOfEntities } from '../store/entity-store.ts';
import { fieldsRefused } from './body.ts';
import { answerOf } from './entity-writes.ts';
import { enumParameter, integerParameter, textParameter } from './filters.ts';
import { defineOperation, type Operation } from './operation.ts';
import { organizationZone } from './organization-zone.ts';
import type { Declared, Fields } from './resource-spec.ts';

/** What a search term compares: the kind of a stored field, or `ids`/`codes`, of which any may match. */
export type SearchKind = 'text' | 'id' | 'date' | 'dateTime' | 'flag' | 'ids' | 'codes';

/** Searchable fields of an entity by name. `ids` and `codes` stand for the columns id and code. */
export type SearchFields = { readonly [field: string]: SearchKind };

const DEFAULT_PAGE_SIZE = 10;
const MAX_OFFSET = 999_999_999;
const ENVELOPE_FIELDS: SearchFields = {
  id: 'id',
  ids: 'ids',
  createdBy: 'id',
  lastModifiedBy: 'id',
  dtCreated: 'dateTime',
};
const SORTABLE_ENVELOPE = ['id', 'version', 'dtCreated', 'dtLastModified', 'createdBy', 'lastModifiedBy'];

/** `GET /{path}/search`: entities that match the terms of `searchQuery` (spec 40 §9), in the order asked for. */
export function searchOperation<F extends Fields>(
  resource: Declared<F>,
  { id, fields }: { id: string; fields: SearchFields },
): Operation {
  const known = { ...ENVELOPE_FIELDS, ...fields };
  return defineOperation({
    id,
    method: 'GET',
    path: `/${resource.path}/search`,
    summary: `search ${resource.summary}`,
    tag: resource.name,
    permission: { action: 'config:retrieve', resource: resource.permission },
    query: z.object({
      searchQuery: textParameter(),
      operator: enumParameter(['AND', 'OR']),
      sortBy: textParameter(),
      sortOrder: enumParameter(['ASC', 'DESC']),
      pageSize: integerParameter({ min: 1, max: 100 }),
      fromDocument: integerParameter({ min: 0, max: MAX_OFFSET }),
    }),
    response: resource.response,
    answers: 'page',
    handle: async ({ ctx, orgId, query }) => {
      const { pageSize: size = DEFAULT_PAGE_SIZE, fromDocument: offset = 0 } = query;
      const zone = await organizationZone(ctx.db, orgId);
      const terms = searchConditions(query.searchQuery ?? '', known, zone);
      const order = orderOf(resource, query);
      const joined = sql<boolean>`(${sql.join(terms, query.operator === 'OR' ? sql` or ` : sql` and `)})`;
      const rows = await rowsOfEntities(ctx.db, resource.entityTable, {
        orgId,
        conditions: terms.length > 0 ? [joined] : [],
        order,
        limit: size + 1,
        offset,
      });
      const found = rows.slice(0, size).map((row) => answerOf(resource, row as never));
      return rows.length > size ? { data: found, nextToken: String(offset + size) } : { data: found };
    },
  });
}

function orderOf<F extends Fields>(
  resource: Declared<F>,
  { sortBy, sortOrder }: { sortBy?: string | undefined; sortOrder?: string | undefined },
): RawBuilder<unknown> {
  const direction = sortOrder ?? (sortBy === undefined ? 'DESC' : 'ASC');
  const column = sortBy ?? 'dtCreated';
  if (!SORTABLE_ENVELOPE.includes(column) && !Object.hasOwn(resource.fields, column)) {
    throw fieldsRefused([{ field: 'sortBy', message: `must be a field of ${resource.name}` }]);
  }
  const own = (name: string) => sql.ref(`${resource.table}.${name}`);
  return direction === 'ASC'
    ? sql`${own(column)} asc nulls last, ${own('id')} asc`
    : sql`${own(column)} desc nulls last, ${own('id')} desc`;
}

const TERM = /^(\w+)(>=|<=|>|<|:|~)(.*)$/su;

/**
 * One condition for each term of a search such as `code~acme$dtCreated>=2024-01-01`; none for an empty search. Dates
 * mean their midnight in `zone` where a moment is compared. Throws VALIDATION_FAILED on anything else.
 */
export function searchConditions(searchQuery: string, fields: SearchFields, zone: string): Condition[] {
  const terms = searchQuery.split('$').filter((term) => term !== '');
  return terms.map((term) => {
    const [, field = '', comparator = '', value = ''] = TERM.exec(term) ?? refuse(`${term} is no search term`);
    const kind = Object.hasOwn(fields, field) ? fields[field] : undefined;
    if (kind === undefined) refuse(`${field} cannot be searched`);
    return CONDITIONS[kind]({ field, comparator, value, zone });
  });
}

function refuse(message: string): never {
  throw fieldsRefused([{ field: 'searchQuery', message: `is not valid: ${message}` }]);
}

type Term = { readonly field: string; readonly comparator: string; readonly value: string; readonly zone: string };

const CONDITIONS: { readonly [kind in SearchKind]: (term: Term) => Condition } = {
  text: textCondition,
  id: idCondition,
  date: (term) => comparison(term, readable(term, dateFromText(term.value))),
  dateTime: (term) => comparison(term, readable(term, momentOf(term))),
  flag: (term) => equality(term, sql`${term.value.toLowerCase() === 'true' || (term.value.toLowerCase() !== 'false' && refuse(`${term.field} must be true or false`))}`),
  ids: (term) => anyOf(term, 'id'),
  codes: (term) => anyOf(term, 'code'),
};
