import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { attach, eventually, pricedUsage, runJob, theBillOf } from '../support/billing.ts';
import { account, created } from '../support/configured.ts';
import { linked, type Run, rule, runsOf, webhook } from '../support/integrations.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let server: TestServer;
let receiver: WebhookReceiver;
beforeAll(async () => {
  receiver = await startWebhookReceiver();
  server = await startTestServer({ config: { outboundAllow: ['127.0.0.1'] } });
});
afterAll(async () => {
  await server.close();
  await receiver.close();
});

test('a bill reaches a webhook by itself, whole, with its account and mappings', async () => {
  const hook = await webhook(server, receiver.url);
  const bills = { entityType: 'Bill', destination: 'Webhook', destinationId: hook.id };
  const config = await created(server, '/integrationconfigs', bills);
  const told = await rule(server, 'billing.bill.created');
  await linked(server, told, hook);
  const acme = await account(server, { currency: 'USD' });
  const mapping = {
    m3terEntity: 'Account',
    m3terId: acme.id,
    externalSystem: 'Stripe',
    externalTable: 'Customer',
  };
  await created(server, '/externalmappings', { ...mapping, externalId: 'cus_1' });
  const preferred = { externalId: 'cus_2', integrationConfigId: config.id };
  await created(server, '/externalmappings', { ...mapping, ...preferred });
  const { plan } = await pricedUsage(server, { template: { standingCharge: 10 } });
  await attach(server, acme, plan);
  await runJob(server, {
    billingFrequency: 'MONTHLY',
    billFrequencyInterval: 1,
    lastDateInBillingPeriod: '2024-01-31',
    accountIds: [acme.id],
  });
  const bill = await theBillOf(server, acme);

  const complete = (type: string, id: string) =>
    eventually(`the run of ${type}`, async () => {
      const [run] = await runsOf(server, type, id);
      return run?.status === 'COMPLETE' ? run : null;
    });
  const run: Run = await complete('Bill', bill.id);
  await complete('Notification', told.id);
  const sent = receiver.received.map(({ text }) => JSON.parse(text));
  expect(sent.map(({ type }) => type).sort()).toEqual(['Bill', 'Notification']);
  const body = sent.find(({ type }) => type === 'Bill');
  expect(body).toMatchObject({
    id: run.id,
    orgId: server.orgId,
    bill: { id: bill.id, billTotal: 10, lineItems: [{ lineItemType: 'STANDING_CHARGE' }] },
    account: { id: acme.id, code: acme['code'], name: 'Acme', currency: 'USD', customFields: {} },
    externalMappings: [{ externalId: 'cus_2' }],
  });
  const request = receiver.received.find(({ headers }) => headers['x-m3ter-delivery'] === run.id);
  const timestamp = String(request?.headers['x-m3ter-timestamp']);
  const signed = `${receiver.url}|{}|key-1|${timestamp}|${request?.text}`;
  const signature = createHmac('sha256', 's3cr3t').update(signed).digest('hex');
  expect(request?.headers['x-m3ter-signature']).toBe(signature);
});

test('the alerts of bill jobs are kept', async () => {
  const { body } = await server.request('GET', '/alerts?type=BILL_JOB&severity=INFO');
  expect(body).toMatchObject({ data: [{ status: 'NEW', entityType: 'Bill' }] });
});
