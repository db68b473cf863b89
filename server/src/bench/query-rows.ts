import type { Context } from '../context.ts';

/** What a query bench reads: usage over some accounts and days, and a meter with many accounts to bill. */
export type QueryRows = {
  readonly orgId: string;
  readonly usageMeterId: string;
  readonly billedMeterId: string;
  /** Of the usage meter. */
  readonly measurements: number;
};

export const USAGE_ACCOUNTS = 500;
export const BILLED_ACCOUNTS = 10_000;
const BILLED_MEASUREMENTS = 1_000_000;
const DAYS = 28;
/** One statement of this many rows stays small in memory. */
const BLOCK = 500_000;
const ID_START = '0198a5a0-0000-7000-8000-';

/** The id of an account by its number, here and in both stores. */
export function benchAccountId(number: number): string {
  return `${ID_START}${number.toString(16).padStart(12, '0')}`;
}

/** Makes the accounts in PostgreSQL and the measurements in ClickHouse, without the product's hands. */
export async function loadQueryRows(ctx: Context, rows: QueryRows): Promise<void> {
  await ctx.pool.query(
    `insert into account (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
        name, code, email_address, custom_fields)
      select $1::uuid, ('${ID_START}' || lpad(to_hex(n), 12, '0'))::uuid, 1, now(), now(), $1::uuid, $1::uuid,
        'Account ' || n, 'account-' || n, 'account@example.com', '{}'
      from generate_series(0, ${BILLED_ACCOUNTS - 1}) as n`,
    [rows.orgId],
  );
  const usage = { meterId: rows.usageMeterId, accounts: USAGE_ACCOUNTS, count: rows.measurements };
  const billed = { meterId: rows.billedMeterId, accounts: BILLED_ACCOUNTS, count: BILLED_MEASUREMENTS };
  for (const load of [usage, billed]) await insertMeasurements(ctx, { orgId: rows.orgId, ...load });
}

export type MeasurementLoad = {
  readonly orgId: string;
  readonly meterId: string;
  readonly accounts: number;
  readonly count: number;
};

/** Measurements of 28 days over that many accounts, straight into ClickHouse. */
export async function insertMeasurements(ctx: Context, load: MeasurementLoad): Promise<void> {
  for (let from = 0; from < load.count; from += BLOCK) {
    const query = rowsSql(load, { from, count: Math.min(BLOCK, load.count - from) });
    await ctx.clickhouse.command({ query });
  }
}

type Block = { readonly from: number; readonly count: number };

/** Values follow from the row's number alone, so that every run reads the same. */
function rowsSql({ orgId, meterId, accounts }: MeasurementLoad, { from, count }: Block): string {
  return `insert into measurement
    select toUUID('${orgId}'), toUUID('${meterId}'),
      toUUID(concat('${ID_START}', leftPad(lower(hex(toUInt32(number % ${accounts}))), 12, '0'))),
      addMilliseconds(toDateTime64('2026-01-01 00:00:00', 3, 'UTC'),
        intHash32(number) % ${DAYS * 86_400_000}), null,
      toDateTime64('2026-01-31 00:00:00', 6, 'UTC'), concat('bench-', toString(number)),
      toUUID('${orgId}'), toUUID('${orgId}'), toUInt32(number), 'API',
      map('calls', toDecimal256(number % 17, 34), 'bytes', toDecimal256('0.25', 34) + number % 4096),
      map('region', concat('eu-', toString(intHash32(number) % 5)),
        'tier', toString(intHash32(number + 1) % 7)),
      [], ''
    from numbers(${from}, ${count})`;
}
