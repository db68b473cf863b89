import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, billText, runJob, theBillOf, use } from '../support/billing.ts';
import { account, created, freshCode, type Made, product } from '../support/configured.ts';
import { fetched, stated } from '../support/statements.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const ELSEWHERE = { region: 'ap', tier: 'none' };
const MAY = { lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY' };

/** A monthly plan that prices one compound aggregation at 10 per unit; nulls are evaluated. */
async function compoundPlan(calculationOf: (plain: string, eu: string, us: string) => string) {
  const { id: productId } = await product(server);
  const field = { name: 'Field', unit: 'calls' };
  const meter = await created(server, '/meters', {
    ...{ name: 'Calls', code: freshCode('meter'), productId, derivedFields: [] },
    dataFields: [
      { ...field, category: 'MEASURE', code: 'qty' },
      { name: 'Region', category: 'WHERE', code: 'region' },
      { name: 'Tier', category: 'WHERE', code: 'tier' },
    ],
  });
  const codes = [];
  for (const region of [null, 'eu', 'us']) codes.push(await summed(meter, region));
  const [plain = '', eu = '', us = ''] = codes;
  const units = { quantityPerUnit: 1, rounding: 'NONE', unit: 'calls', evaluateNullAggregations: true };
  const calculation = calculationOf(plain, eu, us);
  const mix = await created(server, '/compoundaggregations', { ...units, name: 'Mix', calculation });
  const terms = { name: 'Monthly', currency: 'USD', standingCharge: 0, billFrequency: 'MONTHLY' };
  const { id: planTemplateId } = await created(server, '/plantemplates', { ...terms, productId });
  const plan = await created(server, '/plans', { planTemplateId, name: 'Pro', code: freshCode('plan') });
  await created(server, '/pricings', {
    ...{ planId: plan.id, compoundAggregationId: mix.id, startDate: '2020-01-01T00:00:00Z' },
    cumulative: true,
    pricingBands: [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 10 }],
  });
  return { meter, plan, mix };
}

/** A sum of `qty`, by segments when a region is given. */
async function summed(meter: Made, region: string | null): Promise<string> {
  const code = freshCode('sum');
  await created(server, '/aggregations', {
    ...{ name: 'Sum', code, meterId: meter.id, targetField: 'qty', aggregation: 'SUM' },
    ...{ quantityPerUnit: 1000, rounding: 'UP', unit: 'calls' },
    ...(region === null ? {} : { segmentedFields: ['region', 'tier'], segments: segmentsOf(region) }),
  });
  return code;
}

/** Those of `eu` take every measurement, those of `us` only what is said to be there. */
function segmentsOf(region: string) {
  const own = { region, tier: '*' };
  return region === 'eu' ? [{ region: '*', tier: '*' }, own] : [own];
}

async function billed({ meter, plan }: { readonly meter: Made; readonly plan: Made }, fields: object = {}) {
  const acme = await account(server, fields);
  await attach(server, acme, plan);
  await use(server, { account: acme, meter, ts: '2024-05-10T12:00:00Z', qty: 7, where: ELSEWHERE });
  return acme;
}

test('a line names the compound aggregation, made of base values and custom fields', async () => {
  const path = '/customfields';
  const { body } = await server.request('GET', path);
  const { status } = await server.request('PUT', path, { ...(body as object), account: { factor: 1 } });
  expect(status).toBe(200);
  const priced = await compoundPlan((sum) => `aggregation.${sum} * customFields.account.factor`);
  const acme = await billed(priced, { customFields: { factor: 2.5 } });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  const bill = await theBillOf(server, acme);
  // 7 × 2.5 = 17.5 units at 10
  expect(billText(bill)).toBe('USAGE 2024-05-01 → 2024-06-01 17.5 u 175.00\nTOTAL 175.00');
  const [line] = bill.lineItems;
  expect(line).toMatchObject({ description: 'Mix', compoundAggregationId: priced.mix.id });
  expect(line).not.toHaveProperty('aggregationId');
});

/** A table of rates by tier, published with these rows. */
async function ratesByTier(items: readonly object[]) {
  const table = await created(server, '/lookuptables', { name: 'Rates', code: freshCode('rates') });
  const publish = async (rows: readonly object[]) => {
    const fields = [
      { name: 'tier', type: 'STRING' },
      { name: 'rate', type: 'NUMBER' },
      { name: 'next', type: 'STRING' },
    ];
    const revision = { name: 'Rates', fields, keys: ['tier'] };
    const { id } = await created(server, `/lookuptables/${table.id}/revisions`, revision);
    const path = `/lookuptables/${table.id}/revisions/${id}`;
    await server.request('PUT', `${path}/data`, { items: rows });
    const status = await server.request('PUT', `${path}/status`, { status: 'PUBLISHED', version: 1 });
    expect(status, JSON.stringify(status.body)).toMatchObject({ status: 200 });
  };
  if (items.length > 0) await publish(items);
  return { code: String(table['code']), publish };
}

async function verified(bill: Made) {
  return (await server.request('POST', `/bills/${bill.id}/verify`)).body;
}

test('a calculation looks up rows of the published revision, which the bill keeps', async () => {
  const path = '/customfields';
  const { body } = await server.request('GET', path);
  await server.request('PUT', path, { ...(body as object), account: { tier: 'none' } });
  const rates = await ratesByTier([]);
  // The rate of the tier after the account's own.
  const next = `Lookup.findString("${rates.code}", "next", "none", customFields.account.tier)`;
  const priced = await compoundPlan(
    (sum) => `${sum} * Lookup.findNumber("${rates.code}", "rate", 5, ${next})`,
  );
  const silver = await billed(priced, { customFields: { tier: 'silver' } });
  const gold = await billed(priced, { customFields: { tier: 'gold' } });
  const accountIds = [silver.id, gold.id];
  await runJob(server, { ...MAY, accountIds });
  // Nothing is published: 7 × 5 = 35 units at 10
  expect(billText(await theBillOf(server, silver))).toContain('35 u 350.00');
  await rates.publish([
    { tier: 'silver', rate: 3, next: 'gold' },
    { tier: 'gold', rate: 2, next: 'platinum' },
  ]);
  expect(await verified(await theBillOf(server, silver))).toMatchObject({
    ...{ result: 'identical', configuration: 'CHANGED' },
  });
  await runJob(server, { ...MAY, accountIds });
  const bill = await theBillOf(server, silver);
  // After silver comes gold: 7 × 2 = 14; after gold platinum, which has no row: 7 × 5 = 35.
  expect(billText(bill)).toContain('14 u 140.00');
  expect(billText(await theBillOf(server, gold))).toContain('35 u 350.00');
  expect(await verified(bill)).toMatchObject({ result: 'identical', configuration: 'SAME' });
  const job = await stated(server, bill);
  const statement = await fetched(server, job.presignedJsonStatementUrl);
  expect(statement).toMatchObject({ lineItems: [{ quantity: 14, usage: [{ quantity: 14 }] }] });
});

test('aggregations without a segment in common count what falls in any of their segments', async () => {
  const priced = await compoundPlan(
    (sum, eu, us) => `${sum} + 10 * isnull(${eu}, 1) + 100 * isnull(${us}, 1)`,
  );
  const acme = await billed(priced);
  const where = { region: 'eu', tier: 'gold' };
  await use(server, { account: acme, meter: priced.meter, ts: '2024-05-20T12:00:00Z', qty: 5, where });
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  // 7 + 5 = 12 in the two segments of the one, nothing in that of the other: 12 + 10 × 12 + 100 × 1 = 232.
  expect(billText(await theBillOf(server, acme))).toContain('232 u 2320.00');
});

test('a calculation that gives no number fails the bill and says why', async () => {
  const priced = await compoundPlan((sum) => `aggregation.${sum} > 0 ? "many" : 0`);
  const acme = await billed(priced);
  const { body } = await server.request('POST', '/bills/preview', {
    ...MAY,
    billFrequencyInterval: 1,
    accountIds: [acme.id],
  });
  expect(JSON.stringify(body)).toContain('compound aggregation \\"Mix\\" cannot be calculated');
});
