import { sql } from 'kysely';
import { z } from 'zod';
import { fieldsRefused } from '../../api/body.ts';
import { answerOf } from '../../api/entity-writes.ts';
import { dateParameter, enumParameter, uuidParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import { defineOperation } from '../../api/operation.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import type { PlainDate } from '../../kernel/time.ts';
import type { Condition } from '../../store/database.ts';
import { orderedEntities } from '../../store/entity-store.ts';
import { counterAdjustment } from './counter-adjustment.ts';

const MAX_PAGE_SIZE = 100;
const RETRIEVE = { action: 'config:retrieve', resource: counterAdjustment.permission };

/**
 * The adjustments of a counter in the order of their dates, latest first unless asked otherwise (spec 30
 * §15.3).
 */
export const listCounterAdjustments = defineOperation({
  id: 'ListCounterAdjustments',
  method: 'GET',
  path: '/counteradjustments',
  summary: 'list counter adjustments',
  tag: 'CounterAdjustment',
  permission: RETRIEVE,
  query: z.object({
    counterId: uuidParameter(),
    accountId: uuidParameter(),
    date: dateParameter(),
    dateStart: dateParameter(),
    dateEnd: dateParameter(),
    endDateStart: dateParameter(),
    endDateEnd: dateParameter(),
    sortOrder: enumParameter(['ASC', 'DESC']),
    ...pageParameters(MAX_PAGE_SIZE),
  }),
  response: counterAdjustment.response,
  answers: 'page',
  handle: async (call) => {
    const { query, ctx, orgId } = call;
    const ascending = query.sortOrder === 'ASC';
    const size = query.pageSize ?? MAX_PAGE_SIZE;
    const list = listIdentityOf(call);
    const signer = { secretKey: ctx.secretKey, now: ctx.clock.now() };
    const readable = allowedConditions(call, RETRIEVE, counterAdjustment);
    const conditions = [...filterConditions(query), ...readable];
    if (query.nextToken !== undefined) {
      conditions.push(behind(positionFromToken(query.nextToken, list, signer), ascending));
    }
    const rows = await orderedEntities(ctx.db, counterAdjustment.entityTable, {
      orgId,
      conditions,
      order: ascending ? sql`date asc, id asc` : sql`date desc, id desc`,
      limit: size + 1,
    });
    const data = rows.slice(0, size).map((row) => answerOf(counterAdjustment, row as never));
    const last = rows.length > size ? rows[size - 1] : undefined;
    if (!last) return { data };
    return { data, nextToken: nextTokenOf([String(last['date']), last.id], list, signer) };
  },
});

type Filters = {
  readonly counterId?: string | undefined;
  readonly accountId?: string | undefined;
  readonly date?: PlainDate | undefined;
  readonly dateStart?: PlainDate | undefined;
  readonly dateEnd?: PlainDate | undefined;
  readonly endDateStart?: PlainDate | undefined;
  readonly endDateEnd?: PlainDate | undefined;
};

/** An adjustment ends where the next one of the same account and counter begins; the last one never ends. */
const END_DATE = sql`(select min(later.date) from counter_adjustment later
  where later.org_id = counter_adjustment.org_id and later.account_id = counter_adjustment.account_id
    and later.counter_id = counter_adjustment.counter_id and later.date > counter_adjustment.date)`;

function filterConditions(query: Filters): Condition[] {
  const { counterId, accountId } = query;
  if (counterId === undefined) throw fieldsRefused([{ field: 'counterId', message: 'is required' }]);
  const dated = (['date', 'dateStart', 'dateEnd'] as const).filter((name) => query[name] !== undefined);
  if (accountId === undefined && dated.length > 0) {
    throw fieldsRefused(dated.map((field) => ({ field, message: 'needs the parameter accountId' })));
  }
  const possible: [unknown, (value: string) => Condition][] = [
    [counterId, (id) => sql`counter_id = ${id}`],
    [accountId, (id) => sql`account_id = ${id}`],
    [query.date, (date) => sql`date = ${date}`],
    [query.dateStart, (date) => sql`date >= ${date}`],
    [query.dateEnd, (date) => sql`date < ${date}`],
    [query.endDateStart, (date) => sql`coalesce(${END_DATE}, 'infinity') >= ${date}`],
    [query.endDateEnd, (date) => sql`coalesce(${END_DATE}, 'infinity') < ${date}`],
  ];
  return possible.filter(([value]) => value !== undefined).map(([value, where]) => where(String(value)));
}

function behind([date = '', id = '']: readonly string[], ascending: boolean): Condition {
  return sql`(date, id) ${ascending ? sql`>` : sql`<`} (${date}::date, ${id}::uuid)`;
}
