import { sql } from 'kysely';
import type { Context } from '../context.ts';
import type { ApiClient } from '../demo/api-client.ts';
import type { BillOptions } from './bench-bill.ts';

/** What a bill job of the bench finds. */
export type BillingSetup = {
  readonly orgId: string;
  readonly meterId: string;
  readonly accountIds: readonly string[];
};

const START = '2026-01-01T00:00:00Z';
const START_MS = 1_767_225_600_000;
const MONTH_MS = 31 * 24 * 3_600_000;

/**
 * One plan with a tiered pricing, a standing charge and a counter, and as many accounts on it as wanted. The
 * first account is made by the API, the others are copies of its rows.
 */
export async function configureBilling(
  ctx: Context,
  client: ApiClient,
  options: BillOptions,
): Promise<BillingSetup> {
  const { orgId } = client.access;
  const { planId, meterId, counterId } = await configureCatalog(client);
  const made = async (path: string, body: object) => String((await client.request('POST', path, body))['id']);
  const email = { emailAddress: 'bench@example.com' };
  const accountId = await made('/accounts', { name: 'Bench 1', code: 'bench-1', ...email });
  await made('/accountplans', { accountId, planId, startDate: START, code: 'bench-1' });
  await made('/counteradjustments', { accountId, counterId, date: '2025-12-15', value: 3 });
  if (options.credit) await addCredit(made, accountId);
  const accountIds = await copyAccounts(ctx, { orgId, accountId, options });
  await insertUsage(ctx, { orgId, meterId, accountId, options });
  return { orgId, meterId, accountIds };
}

async function configureCatalog(client: ApiClient) {
  const made = async (path: string, body: object) => String((await client.request('POST', path, body))['id']);
  const productId = await made('/products', { name: 'Bench', code: 'bench' });
  const dataFields = [{ category: 'MEASURE', code: 'calls', name: 'Calls', unit: 'call' }];
  const meterId = await made('/meters', {
    name: 'Bench',
    code: 'bench',
    productId,
    dataFields,
    derivedFields: [],
  });
  const aggregationId = await made('/aggregations', {
    ...{ name: 'Calls', code: 'calls', meterId, targetField: 'calls', aggregation: 'SUM' },
    ...{ quantityPerUnit: 1, rounding: 'UP', unit: 'calls' },
  });
  const planTemplateId = await made('/plantemplates', {
    ...{ name: 'Bench', code: 'bench', productId, currency: 'USD', standingCharge: 20 },
    billFrequency: 'MONTHLY',
  });
  const planId = await made('/plans', { name: 'Bench', code: 'bench', planTemplateId });
  await made('/pricings', {
    ...{ planTemplateId, aggregationId, startDate: START, cumulative: true, type: 'DEBIT' },
    pricingBands: [
      { lowerLimit: 0, fixedPrice: 0, unitPrice: 0.02 },
      { lowerLimit: 100, fixedPrice: 0, unitPrice: 0.01 },
      { lowerLimit: 1000, fixedPrice: 5, unitPrice: 0.005 },
    ],
  });
  const counterId = await made('/counters', { name: 'Seats', code: 'seats', productId, unit: 'seat' });
  await made('/counterpricings', {
    ...{ planTemplateId, counterId, startDate: START, cumulative: true },
    pricingBands: [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 10 }],
  });
  return { planId, meterId, counterId };
}

async function addCredit(made: (path: string, body: object) => Promise<string>, accountId: string) {
  const dates = { startDate: '2026-01-01', endDate: '2027-01-01' };
  await made('/commitments', { accountId, currency: 'USD', amount: 30, amountPrePaid: 30, ...dates });
  const balanceId = await made('/balances', {
    ...{ accountId, currency: 'USD', name: 'Bench', code: 'bench' },
    ...{ startDate: START, endDate: '2027-01-01T00:00:00Z' },
  });
  await made(`/balances/${balanceId}/transactions`, { amount: 25 });
}

type Copying = { readonly orgId: string; readonly accountId: string; readonly options: BillOptions };

/** Ids are made of the number of the account, and the same in all tables. */
async function copyAccounts(ctx: Context, { orgId, accountId, options }: Copying): Promise<string[]> {
  const id = sql`lpad(to_hex(n), 32, '0')::uuid`;
  const copied = async (table: string, key: string, changes: object) => {
    const changed = Object.entries(changes).map(([name, value]) => sql`${sql.lit(name)}, ${value}`);
    await sql`insert into ${sql.table(table)}
      select copy.* from ${sql.table(table)} original
      cross join generate_series(2, ${options.accounts}::int) n
      cross join jsonb_populate_record(original,
        jsonb_build_object(${sql.join(changed)})) copy
      where original.org_id = ${orgId} and original.${sql.ref(key)} = ${accountId}`.execute(ctx.db);
  };
  await copied('account', 'id', { id, name: sql`'Bench ' || n`, code: sql`'bench-' || n` });
  await copied('account_plan', 'account_id', { id, account_id: id, code: sql`'bench-' || n` });
  await copied('counter_adjustment', 'account_id', { id, account_id: id });
  if (options.credit) {
    await copied('commitment', 'account_id', { id, account_id: id });
    await copied('balance', 'account_id', { id, account_id: id });
    await sql`insert into balance_transaction
      select copy.* from balance_transaction original
      cross join generate_series(2, ${options.accounts}::int) n
      cross join jsonb_populate_record(original, jsonb_build_object('id', ${id}, 'balance_id', ${id})) copy
      where original.org_id = ${orgId}`.execute(ctx.db);
  }
  await sql`analyze`.execute(ctx.db);
  const { rows } = await sql<{
    id: string;
  }>`select id from account where org_id = ${orgId} order by id`.execute(ctx.db);
  return rows.map((row) => row.id);
}

type Usage = Omit<BillingSetup, 'accountIds'> & {
  readonly accountId: string;
  readonly options: BillOptions;
};

/** Measurements of January for all accounts in turn; the last one is that of the API. */
async function insertUsage(ctx: Context, { orgId, meterId, accountId, options }: Usage): Promise<void> {
  const { accounts, measurements } = options;
  const step = Math.max(1, Math.floor(MONTH_MS / measurements));
  for (let start = 0; start < measurements; start += 500_000) {
    await ctx.clickhouse.command({
      query: `insert into measurement
        (org_id, meter_id, account_id, ts, received_at, uid, insert_id, batch_id, position, source, measures)
        with 2 + number % ${accounts} as n,
          concat('00000000-0000-0000-0000-', leftPad(lower(hex(n)), 12, '0')) as copy
        select {orgId:UUID}, {meterId:UUID}, if(n > ${accounts}, {accountId:UUID}, toUUID(copy)),
          fromUnixTimestamp64Milli(toInt64(${START_MS} + number * ${step}), 'UTC'), now64(6),
          toString(number), {meterId:UUID}, {meterId:UUID}, toUInt32(number), 'BENCH',
          map('calls', toDecimal256(number % 17, 34))
        from numbers(${start}, ${Math.min(500_000, measurements - start)})`,
      query_params: { orgId, meterId, accountId },
      clickhouse_settings: { insert_deduplication_token: `bench ${start}` },
    });
  }
}
