import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { flag, freeObject, group, list, optional, text } from '../../api/fields.ts';
import { type AnyCall, defineOperation, type Operation } from '../../api/operation.ts';
import { organizationZone } from '../../api/organization-zone.ts';
import { enqueue } from '../../jobs/enqueue.ts';
import { defineTask } from '../../jobs/task.ts';
import { isDecimal } from '../../kernel/decimal.ts';
import { refusal } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { writeJson } from '../../kernel/json.ts';
import { currentInstant } from '../../kernel/time.ts';
import { inTransaction } from '../../store/transaction.ts';
import { momentSql, quoted } from './clickhouse-text.ts';
import {
  accountCodes,
  dimensionSql,
  type ExplorerRow,
  exploredUsage,
  flatExplorerRow,
} from './explore-usage.ts';
import {
  ACCOUNT_DIMENSION,
  type ExplorerBody,
  type ExplorerQuery,
  explorerBody,
  explorerQuery,
  isDimension,
  meterDimensionsBody,
  noDimension,
  spanOf,
} from './explorer-request.ts';
import { metersOf } from './query-request.ts';

const PATH = '/dataexplorer/usagedata';
const LINK = { minutes: 15 };
const KEPT = { hours: 1 };

const declared = {
  method: 'POST' as const,
  tag: 'DataExplorer',
  permission: { action: 'analytics:query', resource: 'analytics:usage' },
  answers: 'whole' as const,
};

async function explored(call: AnyCall, body: ExplorerBody) {
  const zone = await organizationZone(call.ctx.db, call.orgId);
  const query = await explorerQuery(call.ctx.db, call.orgId, { body, zone });
  const rows = await exploredUsage(call.ctx, call.orgId, query);
  return { query, rows: rows.slice(0, query.limit), hasMoreData: rows.length > query.limit };
}

function queryUsageExplorer(): Operation {
  return defineOperation({
    ...declared,
    id: 'QueryUsageData',
    path: PATH,
    summary: 'explore usage',
    body: explorerBody,
    response: z.object({ data: list(freeObject()), hasMoreData: flag() }),
    handle: async (call) => {
      const { rows, hasMoreData } = await explored(call, call.body());
      return { data: rows, hasMoreData };
    },
  });
}

function downloadUsageExplorer(ending: 'csv' | 'json'): Operation {
  return defineOperation({
    ...declared,
    id: `DownloadUsageData${ending === 'csv' ? 'Csv' : 'Json'}`,
    path: `${PATH}/download/${ending}`,
    summary: `explore usage and get the rows as a ${ending.toUpperCase()} file`,
    body: explorerBody,
    response: z.object({ downloadUrl: text({ max: 10_000 }) }),
    handle: async (call) => {
      const { query, rows } = await explored(call, call.body());
      const content = ending === 'csv' ? csvOf(query, rows) : writeJson(rows);
      return { downloadUrl: await fileLink(call, content, ending) };
    },
  });
}

function csvOf(query: ExplorerQuery, rows: readonly ExplorerRow[]): string {
  const dimensions = query.dimensions.map(({ name }) => name);
  const measures = query.measures.map((one) => `${one.name}.${one.function}`);
  const columns = ['startDate', 'endDate', 'meterCode', ...dimensions, ...measures];
  const cell = (value: unknown) => (isDecimal(value) ? value.toFixed() : value === null ? '' : String(value));
  const records = rows.map((row) => {
    const flat = flatExplorerRow(row, query);
    return columns.map((column) => cell(flat[column] ?? null));
  });
  return stringify([columns, ...records]);
}

async function fileLink(call: AnyCall, content: string, ending: 'csv' | 'json'): Promise<string> {
  const { ctx, orgId } = call;
  const key = `${orgId}/usage-explorer/${newId()}.${ending}`;
  await inTransaction(ctx.db, (tx) =>
    enqueue(tx, { task: removeExplorerFile, payload: { key }, runAt: currentInstant().add(KEPT) }),
  );
  await ctx.files.write(key, [Buffer.from(content)]);
  const now = ctx.clock.now();
  const contentType = ending === 'csv' ? 'text/csv' : 'application/json';
  const terms = { fileName: `usage.${ending}`, contentType, now, expires: now.add(LINK) };
  return (await ctx.files.downloadLink(key, terms)).url;
}

/** Removes the file of a download once its link has long ended. */
export const removeExplorerFile = defineTask({
  name: 'removeExplorerFile',
  payload: z.object({ key: z.string() }),
  run: async ({ files }, { key }) => files.remove(key),
});

function listMeterDimensions(): Operation {
  return defineOperation({
    ...declared,
    id: 'GetMeterDimensions',
    path: '/dataexplorer/meterdimensions',
    summary: 'list the values of a dimension of a meter',
    body: meterDimensionsBody,
    response: z.object({
      meterCode: text(),
      dimensionName: text(),
      dimensionValues: list(
        group({ dimensionAttribute: optional(text()), dimensionValue: text({ min: 0, max: 100_000 }) }),
      ),
    }),
    handle: async (call) => {
      const body = call.body();
      const meters = [...(await metersOf(call.ctx.db, call.orgId)).values()];
      const meter = meters.find(({ code }) => code === body.meterCode);
      if (!meter) throw refusal('REFERENCE_NOT_FOUND', 'meterCode', 'is the code of no meter');
      const { dimensionName } = body;
      if (!isDimension([meter], dimensionName)) throw noDimension('dimensionName');
      const span = spanOf(body, await organizationZone(call.ctx.db, call.orgId));
      const values = await dimensionValues(call, { ...span, ...body, meterId: meter.id });
      const attributes: readonly (string | null)[] = body.attributes.length > 0 ? body.attributes : [null];
      return {
        meterCode: meter.code,
        dimensionName,
        dimensionValues: values.flatMap((dimensionValue) =>
          attributes.map((dimensionAttribute) =>
            dimensionAttribute === null ? { dimensionValue } : { dimensionAttribute, dimensionValue },
          ),
        ),
      };
    },
  });
}

type Asked = ReturnType<typeof spanOf> & {
  readonly meterId: string;
  readonly dimensionName: string;
  readonly limit: number;
};

async function dimensionValues(
  { ctx, orgId }: AnyCall,
  { meterId, dimensionName, start, end, limit }: Asked,
): Promise<readonly string[]> {
  const isAccount = dimensionName === ACCOUNT_DIMENSION;
  const result = await ctx.clickhouse.query({
    query: `select distinct ${dimensionSql(dimensionName)} as value from measurement
      where org_id = ${quoted(orgId)} and meter_id = ${quoted(meterId)}
        and ts >= ${momentSql(start)} and ts < ${momentSql(end)} and value is not null
      order by value ${isAccount ? '' : `limit ${limit}`}`,
    format: 'JSONEachRow',
  });
  const values = (await result.json<{ value: string }>()).map(({ value }) => value);
  if (!isAccount) return values;
  return [...(await accountCodes(ctx, orgId, values)).values()].sort().slice(0, limit);
}

/** The earlier usage explorer (spec 20 §14.1). */
export const explorerOperations: readonly Operation[] = [
  queryUsageExplorer(),
  downloadUsageExplorer('csv'),
  downloadUsageExplorer('json'),
  listMeterDimensions(),
];
