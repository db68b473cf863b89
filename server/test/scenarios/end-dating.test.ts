import { afterAll, beforeAll, expect, test } from 'vitest';
import { account, created, type Made, plan } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

const JANUARY = '2025-01-01T00:00:00Z';
/** In Berlin this is 1 July 2025, 00:30. */
const END = '2025-06-30T22:30:00Z';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  const { body } = await server.request('GET', '/organizationconfig');
  const zone = { ...(body as object), timezone: 'Europe/Berlin' };
  expect(await server.request('PUT', '/organizationconfig', zone)).toMatchObject({ status: 200 });
});
afterAll(() => server.close());

async function contractOf(accountId: string, startDate: string, endDate: string): Promise<string> {
  const { id } = await created(server, '/contracts', { accountId, name: 'Terms', startDate, endDate });
  return id;
}

async function attached(accountId: string, fields: object = {}): Promise<string> {
  const { id: planId } = await plan(server);
  const { id } = await created(server, '/accountplans', { accountId, planId, startDate: JANUARY, ...fields });
  return id;
}

async function priced(fields: Record<string, unknown> = {}): Promise<string> {
  const { id: planId } = await plan(server, fields);
  const { id: counterId } = await created(server, '/counters', { name: 'Seats', unit: 'seat' });
  const pricingBands = [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 1 }];
  const body = { planId, counterId, startDate: JANUARY, pricingBands };
  return (await created(server, '/counterpricings', body)).id;
}

async function stored(path: string): Promise<Made> {
  return (await server.request('GET', path)).body as Made;
}

test('what is active ends, what has ended stays, what begins later is reported', async () => {
  const { id } = await account(server);
  const [active, ended, later] = [
    await contractOf(id, '2025-01-01', '2026-01-01'),
    await contractOf(id, '2024-01-01', '2025-07-01'),
    await contractOf(id, '2025-07-01', '2026-07-01'),
  ];
  const open = await attached(id);
  const future = await attached(id, { startDate: '2025-09-01T00:00:00Z' });
  const body = { endDate: END, billingEntities: ['CONTRACT', 'ACCOUNTPLAN', 'PRICINGS'] };
  expect(await server.request('PUT', `/accounts/${id}/enddatebillingentities`, body)).toMatchObject({
    status: 200,
    body: {
      statusMessage: expect.any(String),
      updatedEntities: { CONTRACT: [active], ACCOUNTPLAN: [open], PRICINGS: [] },
      failedEntities: { CONTRACT: [later], ACCOUNTPLAN: [future], PRICINGS: [] },
    },
  });
  expect(await stored(`/contracts/${active}`)).toMatchObject({ endDate: '2025-07-01', version: 2 });
  expect(await stored(`/contracts/${ended}`)).toMatchObject({ endDate: '2025-07-01', version: 1 });
  expect(await stored(`/contracts/${later}`)).toMatchObject({ endDate: '2026-07-01', version: 1 });
  expect(await stored(`/accountplans/${open}`)).toMatchObject({ endDate: END, version: 2 });
  expect(await stored(`/accountplans/${future}`)).toMatchObject({ version: 1 });
});

test('prices end with their account only on its own plans', async () => {
  const { id: accountId } = await account(server);
  const [bespoke, shared] = [await priced({ accountId }), await priced()];
  const body = { endDate: END, billingEntities: ['COUNTER_PRICINGS'] };
  expect(await server.request('PUT', `/accounts/${accountId}/enddatebillingentities`, body)).toMatchObject({
    body: { updatedEntities: { COUNTER_PRICINGS: [bespoke] }, failedEntities: { COUNTER_PRICINGS: [] } },
  });
  expect(await stored(`/counterpricings/${shared}`)).toMatchObject({ version: 1 });
});

test('a contract ends itself and no other, with its children on request', async () => {
  const { id: parentAccountId } = await account(server);
  const { id: child } = await account(server, { parentAccountId });
  const [own, other, ofChild] = [
    await contractOf(parentAccountId, '2025-01-01', '2026-01-01'),
    await contractOf(parentAccountId, '2025-01-01', '2026-01-01'),
    await contractOf(child, '2025-01-01', '2026-01-01'),
  ];
  const plans = [await attached(parentAccountId), await attached(child)];
  const body = { endDate: '2025-07-01', billingEntities: ['CONTRACT', 'ACCOUNTPLAN'], applyToChildren: true };
  expect(await server.request('PUT', `/contracts/${own}/enddatebillingentities`, body)).toMatchObject({
    body: { updatedEntities: { CONTRACT: [own], ACCOUNTPLAN: plans } },
  });
  expect(await stored(`/contracts/${other}`)).toMatchObject({ version: 1 });
  expect(await stored(`/contracts/${ofChild}`)).toMatchObject({ version: 1 });
  // The bare date is midnight in Berlin, two hours before that of UTC.
  expect(await stored(`/accountplans/${plans[1]}`)).toMatchObject({ endDate: '2025-06-30T22:00:00Z' });
});
