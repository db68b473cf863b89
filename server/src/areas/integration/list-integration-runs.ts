import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { answerOf } from '../../api/entity-writes.ts';
import { codesParameter, enumParameter, momentParameter, textParameter } from '../../api/filters.ts';
import { allowedConditions } from '../../api/item-permission.ts';
import { type Call, defineOperation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { listIdentityOf, pageParameters } from '../../api/page.ts';
import { nextTokenOf, positionFromToken } from '../../api/paging.ts';
import { ApiError } from '../../kernel/errors.ts';
import { plainId } from '../../kernel/ids.ts';
import { type Instant, type PlainDate, startOfDate, Temporal } from '../../kernel/time.ts';
import type { Condition, Row } from '../../store/database.ts';
import { orderedEntities } from '../../store/entity-store.ts';
import { integrationRun, RUN_STATUSES, type StoredRun } from './integration-run.ts';

const MAX_PAGE_SIZE = 200;

const declared = {
  method: 'GET',
  tag: integrationRun.name,
  permission: { action: 'config:retrieve', resource: integrationRun.permission },
  response: integrationRun.response,
  answers: 'page',
} as const;

const FILTERS = {
  startDate: momentParameter(),
  endDate: momentParameter(),
  status: enumParameter(RUN_STATUSES),
  order: enumParameter(['ASC', 'DESC']),
  ...pageParameters(MAX_PAGE_SIZE),
};

type Filters = z.output<z.ZodObject<typeof FILTERS>>;
type ListCall = Call<Record<string, string>, Filters, unknown>;

/** The runs of one entity. */
export const listIntegrationRuns = defineOperation({
  ...declared,
  id: 'ListIntegrationRuns',
  path: '/integrationruns/{entityType}/{entityId}',
  summary: 'list the integration runs of an entity',
  query: z.object(FILTERS),
  handle: (call) => {
    const { entityType = '', entityId = '' } = call.params;
    return runPage(call, [sql`entity_type = ${entityType} and entity_id = ${plainId(entityId)}`]);
  },
});

/** The runs to one destination. */
export const listIntegrationRunsByDestination = defineOperation({
  ...declared,
  id: 'ListIntegrationRunsByDestinationId',
  path: '/integrationruns/destinations/{destinationId}',
  summary: 'list the integration runs to a destination',
  query: z.object({ ...FILTERS, destination: textParameter() }),
  handle: (call) => {
    const conditions: Condition[] = [sql`destination_id = ${plainId(call.params['destinationId'] ?? '')}`];
    const { destination } = call.query;
    if (destination !== undefined) conditions.push(sql`lower(destination) = lower(${destination})`);
    return runPage(call, conditions);
  },
});

/** The newest run of one entity. */
export const getLatestIntegrationRun = defineOperation({
  ...declared,
  answers: 'object',
  id: 'GetIntegrationRunLatest',
  path: '/integrationruns/{entityType}/latest/{id}',
  summary: 'get the newest integration run of an entity',
  handle: async (call) => {
    const [latest] = await latestRuns(call, call.params['entityType'] ?? '', [call.params['id'] ?? '']);
    if (!latest) throw new ApiError('NOT_FOUND', 'there is no run of this entity');
    return latest;
  },
});

/** The newest run of each entity; the first at the top level too, for clients that expect one object. */
export const getLatestIntegrationRuns = defineOperation({
  ...declared,
  id: 'GetIntegrationRunLatestForIds',
  path: '/integrationruns/{entityType}/latest',
  summary: 'list the newest integration run of each of several entities',
  query: z.object({ ids: codesParameter() }),
  answers: 'pageWithFirst',
  handle: async (call) => {
    const data = await latestRuns(call, call.params['entityType'] ?? '', call.query.ids ?? []);
    return { ...data[0], data };
  },
});

async function latestRuns(
  call: Call<Record<string, string>, unknown, unknown>,
  entityType: string,
  ids: readonly string[],
): Promise<readonly Row[]> {
  const { rows } = await sql<{ id: string }>`select distinct on (entity_id) id from integration_run
    where org_id = ${call.orgId} and entity_type = ${entityType}
      and entity_id = any(${ids.map(plainId)}::text[])
    order by entity_id, dt_created desc, id desc`.execute(call.ctx.db);
  const found = await storedRuns(call, {
    conditions: [sql`id = any(${rows.map(({ id }) => id)}::uuid[])`],
    order: sql`dt_created desc, id desc`,
    limit: ids.length,
  });
  return found.map((run) => answerOf(integrationRun, run));
}

/** When a run started, or was queued; runs are listed by it. */
const MOMENT = sql`coalesce(dt_started, dt_created)`;

async function runPage(call: ListCall, conditions: readonly Condition[]): Promise<Row> {
  const { pageSize: size = MAX_PAGE_SIZE, nextToken, order = 'DESC' } = call.query;
  const list = listIdentityOf(call);
  const signer = { secretKey: call.ctx.secretKey, now: call.ctx.clock.now() };
  const all = [...conditions, ...(await filterConditions(call))];
  const [direction, behind] = order === 'ASC' ? [sql`asc`, sql`>`] : [sql`desc`, sql`<`];
  if (nextToken !== undefined) {
    const [moment = '', id = ''] = positionFromToken(nextToken, list, signer);
    all.push(sql`(${MOMENT}, id) ${behind} (${moment}::timestamptz, ${id}::uuid)`);
  }
  const runs = await storedRuns(call, {
    conditions: all,
    order: sql`${MOMENT} ${direction}, id ${direction}`,
    limit: size + 1,
  });
  const data = runs.slice(0, size).map((run) => answerOf(integrationRun, run));
  const last = runs.length > size ? runs[size - 1] : undefined;
  if (!last) return { data };
  const position = [String(last.dtStarted ?? last.dtCreated), last.id];
  return { data, nextToken: nextTokenOf(position, list, signer) };
}

/** Runs after `startDate` and up to `endDate` (spec 60 §6.6). */
async function filterConditions(call: ListCall): Promise<readonly Condition[]> {
  const { startDate, endDate, status } = call.query;
  const conditions: Condition[] = [];
  if (startDate !== undefined)
    conditions.push(sql`${MOMENT} > ${await moment(call, startDate)}::timestamptz`);
  if (endDate !== undefined) conditions.push(sql`${MOMENT} <= ${await moment(call, endDate)}::timestamptz`);
  if (status !== undefined) conditions.push(sql`status = ${status}`);
  return conditions;
}

async function moment({ ctx, orgId }: ListCall, given: Instant | PlainDate): Promise<string> {
  if (!(given instanceof Temporal.PlainDate)) return String(given);
  return String(startOfDate(given, await organizationZone(ctx.db, orgId)));
}

type Search = {
  readonly conditions: readonly Condition[];
  readonly order: RawBuilder<unknown>;
  readonly limit: number;
};

async function storedRuns(
  call: Call<Record<string, string>, unknown, unknown>,
  search: Search,
): Promise<readonly StoredRun[]> {
  const allowed = allowedConditions(call, declared.permission, integrationRun);
  const found = await orderedEntities(call.ctx.db, integrationRun.entityTable, {
    ...search,
    orgId: call.orgId,
    conditions: [...search.conditions, ...allowed],
  });
  return found as unknown as readonly StoredRun[];
}
