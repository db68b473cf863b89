import { performance } from 'node:perf_hooks';
import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { BillingSetup } from './bill-setup.ts';

/**
 * Seconds that the stores alone need for the month: one aggregation over all accounts in ClickHouse, and a
 * COPY of the finished rows of bills and lines into tables with the same indexes and foreign keys.
 */
export async function billFloor(ctx: Context, { orgId, meterId }: BillingSetup): Promise<number> {
  const started = performance.now();
  const result = await ctx.clickhouse.query({
    query: `select account_id, sum(measures['calls']) from measurement
      where org_id = {orgId:UUID} and meter_id = {meterId:UUID}
        and ts >= '2026-01-01 00:00:00' and ts < '2026-02-01 00:00:00' group by account_id`,
    query_params: { orgId, meterId },
    format: 'JSONCompactEachRow',
  });
  await result.text();
  const seconds = (performance.now() - started) / 1000;
  return (
    seconds + (await copySeconds(ctx, orgId, 'bill')) + (await copySeconds(ctx, orgId, 'bill_line_item'))
  );
}

/** The rows go through a file of the database server, so that only the writing of rows is measured. */
async function copySeconds(ctx: Context, orgId: string, table: string): Promise<number> {
  const path = `/tmp/meterbook-floor-${process.pid}-${table}`;
  const file = sql.lit(path);
  const copy = sql.table(`floor_${table}`);
  await sql`create table ${copy} (like ${sql.table(table)} including indexes)`.execute(ctx.db);
  await addForeignKeys(ctx, table);
  const finished = sql`select * from ${sql.table(table)} where org_id = ${sql.lit(orgId)}`;
  await sql`copy (${finished}) to ${file} with binary`.execute(ctx.db);
  const started = performance.now();
  await sql`copy ${copy} from ${file} with binary`.execute(ctx.db);
  const seconds = (performance.now() - started) / 1000;
  await sql`drop table ${copy}`.execute(ctx.db);
  // Only the account of the database server may remove its file.
  await sql`copy (select 1 where false) to program ${sql.lit(`rm -f ${path}`)}`.execute(ctx.db);
  return seconds;
}

async function addForeignKeys(ctx: Context, table: string): Promise<void> {
  const { rows } = await sql<{ definition: string }>`select pg_get_constraintdef(oid) as definition
    from pg_constraint where conrelid = ${table}::regclass and contype = 'f'`.execute(ctx.db);
  for (const { definition } of rows) {
    await sql`alter table ${sql.table(`floor_${table}`)} add ${sql.raw(definition)}`.execute(ctx.db);
  }
}
