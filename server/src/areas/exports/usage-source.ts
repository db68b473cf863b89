import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { Temporal } from '../../kernel/time.ts';
import type { Db, Row } from '../../store/database.ts';
import {
  type CheckedUsageQuery,
  checkedUsageQuery,
  type GroupedUsage,
  groupedUsagePages,
  type RawUsage,
  rawUsagePages,
} from '../usage/index.ts';
import { SOME_SPAN } from './export-fields.ts';
import type { UsageSource } from './export-request.ts';
import type { RowSource } from './row-text.ts';

const NAME = 'measurements';

/**
 * The usage that a request selects as rows of a file (spec 60 §8.4): measurements, or their aggregates when
 * there are aggregations. Throws an ApiError when a meter or field of the request is gone.
 */
export async function usageSource(ctx: Context, orgId: string, source: UsageSource): Promise<RowSource> {
  const asked = { ...source.selection, ...SOME_SPAN, limit: 1 };
  // A span may be empty, such as today at midnight, which the query alone would refuse.
  const query = {
    ...(await checkedUsageQuery(ctx.db, orgId, asked)),
    startDate: Temporal.Instant.from(source.start),
    endDate: Temporal.Instant.from(source.end),
  };
  if (query.aggregations.length > 0) return groupedSource(ctx, orgId, query);
  const meters = await includedMeters(ctx.db, orgId, query.meterIds);
  const fields = new Map(meters.flatMap((meter) => meter.fields).map((field) => [field.column, field]));
  return {
    name: NAME,
    columns: [...RAW_COLUMNS, ...fields.keys()],
    everyColumn: true,
    pages: rawPages(ctx, orgId, { query, meters: new Map(meters.map((meter) => [meter.id, meter])) }),
  };
}

const RAW_COLUMNS = ['uid', 'meter', 'meterId', 'account', 'accountId', 'ts', 'ets', 'receivedAt'];

type ExportedField = { readonly column: string; readonly code: string };
type ExportedMeter = {
  readonly id: string;
  readonly code: string;
  readonly fields: readonly ExportedField[];
};

/** The meters in the order of the request, or all in the order of their creation. */
async function includedMeters(db: Db, orgId: string, ids: readonly string[]): Promise<ExportedMeter[]> {
  const { rows } = await sql<MeterRow>`select id, code, data_fields, derived_fields from meter
    where org_id = ${orgId} order by dt_created, id`.execute(db);
  const meters = rows.map(exportedMeter);
  if (ids.length === 0) return meters;
  const wanted = new Set(ids.map((id) => id.toLowerCase()));
  return [...wanted].flatMap((id) => meters.find((meter) => meter.id === id) ?? []);
}

type Field = { readonly code: string; readonly category: string };
type MeterRow = {
  readonly id: string;
  readonly code: string;
  readonly dataFields: readonly Field[];
  readonly derivedFields: readonly Field[];
};

function exportedMeter({ id, code, dataFields, derivedFields }: MeterRow): ExportedMeter {
  const sent = dataFields.map((field) => ({ field, prefix: field.category.toLowerCase() }));
  const derived = derivedFields.map((field) => ({ field, prefix: 'derived' }));
  const fields = [...sent, ...derived].map(({ field, prefix }) => ({
    column: `${prefix}.${field.code}`,
    code: field.code,
  }));
  return { id, code, fields };
}

type RawScope = {
  readonly query: CheckedUsageQuery;
  readonly meters: ReadonlyMap<string, ExportedMeter>;
};

async function* rawPages(
  ctx: Context,
  orgId: string,
  { query, meters }: RawScope,
): AsyncGenerator<readonly Row[]> {
  for await (const page of rawUsagePages(ctx, orgId, query)) {
    yield page.map((usage) => rawRow(usage, meters.get(usage.meterId)));
  }
}

function rawRow(usage: RawUsage, meter: ExportedMeter | undefined): Row {
  const { measures, dimensions, meterId, accountId, accountCode, ...rest } = usage;
  const row: Row = { ...rest, meter: meter?.code ?? null, meterId, account: accountCode, accountId };
  for (const { column, code } of meter?.fields ?? [])
    row[column] = measures[code] ?? dimensions[code] ?? null;
  return row;
}

type Column = { readonly name: string; value(usage: GroupedUsage): unknown };

function groupedSource(ctx: Context, orgId: string, query: CheckedUsageQuery): RowSource {
  const columns = [...groupColumns(query), ...valueColumns(query)];
  return {
    name: NAME,
    columns: [...new Set(columns.map(({ name }) => name))],
    everyColumn: true,
    pages: groupedPages(ctx, orgId, { query, columns }),
  };
}

async function* groupedPages(
  ctx: Context,
  orgId: string,
  { query, columns }: { readonly query: CheckedUsageQuery; readonly columns: readonly Column[] },
): AsyncGenerator<readonly Row[]> {
  for await (const page of groupedUsagePages(ctx, orgId, query)) {
    yield page.map((usage) => Object.fromEntries(columns.map(({ name, value }) => [name, value(usage)])));
  }
}

/** First the account, then the dimensions, then the time, whatever their order in the request. */
const GROUP_ORDER = ['ACCOUNT', 'DIMENSION', 'TIME'] as const;

function groupColumns(query: CheckedUsageQuery): Column[] {
  return GROUP_ORDER.flatMap((type) =>
    query.groups.flatMap((group, i): Column[] => {
      if (group.groupType !== type) return [];
      const value = (usage: GroupedUsage) => usage.groups[i];
      if (type === 'TIME') return [{ name: 'time', value }];
      if (type === 'DIMENSION') {
        return [{ name: `${meterCode(query, group.meterId ?? '')}.${group.fieldCode}`, value }];
      }
      return [
        { name: 'account', value: (usage) => usage.accountCode },
        { name: 'accountId', value },
      ];
    }),
  );
}

function valueColumns(query: CheckedUsageQuery): Column[] {
  return query.aggregations.map((item, i) => ({
    name: `${item.function.toLowerCase()}_${meterCode(query, item.meterId)}_${item.fieldCode}`,
    value: (usage) => usage.values[i],
  }));
}

function meterCode({ meters }: CheckedUsageQuery, id: string): string {
  return meters.get(id.toLowerCase())?.code ?? id;
}
