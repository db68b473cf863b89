import { type RawBuilder, sql } from 'kysely';
import { fieldsRefused } from '../../api/body.ts';
import { defineOperation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { DEFAULT_PAGE_SIZE, SEARCH_QUERY, searchCondition } from '../../api/search.ts';
import { searchConditions } from '../../api/search-terms.ts';
import { billResponse } from './bill-fields.ts';
import { answersOf, readableBills } from './bill-page.ts';
import { billsWhere } from './bill-rows.ts';

const SEARCHABLE = {
  accountId: 'id',
  locked: 'flag',
  billDate: 'date',
  startDate: 'date',
  endDate: 'date',
  dueDate: 'date',
  billingFrequency: 'text',
  id: 'id',
  ids: 'ids',
  createdBy: 'id',
  lastModifiedBy: 'id',
  dtCreated: 'dateTime',
} as const;

const ENVELOPE = ['id', 'version', 'dtCreated', 'dtLastModified', 'createdBy', 'lastModifiedBy'];

/** Bills that match the terms of `searchQuery`, newest first unless sorted otherwise (spec 40 §9). */
export const searchBills = defineOperation({
  id: 'SearchBills',
  method: 'GET',
  path: '/bills/search',
  summary: 'search bills',
  tag: 'Bill',
  permission: { action: 'config:retrieve', resource: 'billing:bill' },
  query: SEARCH_QUERY,
  response: billResponse(),
  answers: 'page',
  handle: async (call) => {
    const { ctx, orgId, query } = call;
    const { searchQuery = '', pageSize = DEFAULT_PAGE_SIZE, fromDocument: offset = 0 } = query;
    const zone = await organizationZone(ctx.db, orgId);
    const terms = searchConditions(searchQuery, SEARCHABLE, zone);
    const rows = await billsWhere(ctx.db, orgId, {
      conditions: [...searchCondition(terms, query.operator), ...readableBills(call)],
      order: orderOf(query),
      limit: pageSize + 1,
      offset,
    });
    const parts = { includeBillTotal: true };
    const data = await answersOf({ ctx, orgId, query: parts }, rows.slice(0, pageSize));
    return rows.length > pageSize ? { data, nextToken: String(offset + pageSize) } : { data };
  },
});

type Sorting = { readonly sortBy?: string | undefined; readonly sortOrder?: 'ASC' | 'DESC' | undefined };

/** Names of the answer whose column is called otherwise. */
const COLUMNS: Readonly<Record<string, string>> = {
  createdDate: 'dtCreated',
  startDateTimeUTC: 'startDateTimeUtc',
  endDateTimeUTC: 'endDateTimeUtc',
};

function orderOf(sorting: Sorting): RawBuilder<unknown> {
  const { sortBy = 'dtCreated' } = sorting;
  const { lineItems: _, ...fields } = billResponse().shape;
  if (!ENVELOPE.includes(sortBy) && !Object.hasOwn(fields, sortBy)) {
    throw fieldsRefused([{ field: 'sortBy', message: 'must be a field of Bill' }]);
  }
  const sortOrder = sorting.sortOrder ?? (sorting.sortBy === undefined ? 'DESC' : 'ASC');
  const direction = sortOrder === 'ASC' ? sql`asc` : sql`desc`;
  return sql`${sql.ref(COLUMNS[sortBy] ?? sortBy)} ${direction} nulls last, id ${direction}`;
}
