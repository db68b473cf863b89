import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId, SYSTEM_PRINCIPAL } from '../../src/kernel/ids.ts';
import { recordEvent } from '../../src/store/outbox.ts';
import { account, created, freshCode, type Made } from '../support/configured.ts';
import { dispatchAll, linked, rule, runsOf, webhook } from '../support/integrations.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api', config: { outboundAllow: ['127.0.0.1'] } });
});
afterAll(() => server.close());

const URL = 'http://127.0.0.1:1/hook';

async function found(path: string): Promise<readonly Made[]> {
  const answer = await server.request('GET', path);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as { data: Made[] }).data;
}

test.each([
  [{ entityType: 'Notification', destination: 'Stripe' }, 'entityId'],
  [{ entityType: 'Notification', destination: 'Stripe', entityId: '' }, 'entityId'],
  [{ entityType: 'Bill', destination: 'webhook' }, 'destinationId'],
])('%j is refused, for it needs its %s', async (body, field) => {
  expect(await server.request('POST', '/integrationconfigs', body)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED', errors: [{ field, message: 'is required' }] },
  });
});

test('ids of rules, webhooks and mapped entities are the same in any letter case', async () => {
  const told = await rule(server, 'configuration.product.updated');
  const hook = await webhook(server, URL);
  const upper = ({ id }: Made) => ({ id: id.toUpperCase() }) as Made;
  const config = await linked(server, upper(told), upper(hook));
  expect(config).toMatchObject({ entityId: told.id, destinationId: hook.id });
  const twin = { ...config, configData: {} };
  expect(await server.request('POST', '/integrationconfigs', twin)).toMatchObject({
    body: { code: 'DUPLICATE' },
  });
  for (const query of [`destinationId=${upper(hook).id}`, `destinationId=${hook.id}`]) {
    expect(await found(`/integrationconfigs?${query}`)).toMatchObject([{ id: config.id }]);
  }
  const ofRule = `/integrationconfigs/entity/Notification?entityId=${upper(told).id}`;
  expect(await found(ofRule)).toMatchObject([{ id: config.id }]);

  const acme = await account(server);
  const mapping = await created(server, '/externalmappings', {
    m3terEntity: 'Account',
    m3terId: upper(acme).id,
    externalSystem: 'Stripe',
    externalTable: 'Customer',
    externalId: freshCode('CUS'),
  });
  expect(mapping['m3terId']).toBe(acme.id);
  for (const path of [`/external/Account/${upper(acme).id}`, `?m3terIds=${upper(acme).id}`]) {
    expect(await found(`/externalmappings${path}`)).toMatchObject([{ id: mapping.id }]);
  }
  expect(await server.request('DELETE', `/accounts/${acme.id}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', `/externalmappings/${mapping.id}`)).toMatchObject({ status: 404 });
});

test('marketplaces are told by the hour, other systems when something happens', async () => {
  const config = (destination: string) =>
    created(server, '/integrationconfigs', { entityType: 'Bill', destination });
  expect(await config('aws')).toMatchObject({ destination: 'AWS', triggerType: 'SCHEDULE' });
  expect(await config('Netsuite')).toMatchObject({ triggerType: 'EVENT' });
});

test('balance transactions are told when money moves, not when a balance is made or deleted', async () => {
  const { id: destinationId } = await webhook(server, URL);
  await created(server, '/integrationconfigs', {
    entityType: 'BalanceTransaction',
    destination: 'Webhook',
    destinationId,
  });
  const balance = { id: newId(), accountId: (await account(server)).id, amount: 5, version: 1 };
  const raised = async (verb: string, attributes: Record<string, unknown>) => {
    const writer = { orgId: server.orgId, principalId: SYSTEM_PRINCIPAL, now: server.clock.now() };
    const event = { name: `billing.balanceamount.${verb}`, attributes };
    await server.context.db.transaction().execute((tx) => recordEvent(tx, writer, event));
    await dispatchAll(server);
    return (await runsOf(server, 'BalanceTransaction', balance.id)).length;
  };
  expect(await raised('created', { newDto: balance })).toBe(0);
  expect(await raised('deleted', { oldDto: balance })).toBe(0);
  expect(await raised('updated', { oldDto: balance, newDto: { ...balance, amount: 3 } })).toBe(1);
});
