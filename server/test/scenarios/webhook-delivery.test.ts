import { createHmac } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sendMail } from '../../src/areas/identity/index.ts';
import { sendIntegrationRun } from '../../src/areas/integration/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import type { Mail } from '../../src/ports/mail.ts';
import { created, type Made, product } from '../support/configured.ts';
import {
  attempt,
  dispatchAll,
  events,
  linked,
  type Run,
  rule,
  runsOf,
  webhook,
} from '../support/integrations.ts';
import { newUser } from '../support/people.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.ts';

let server: TestServer;
let receiver: WebhookReceiver;
beforeAll(async () => {
  server = await startTestServer({ role: 'api', config: { outboundAllow: ['127.0.0.1'] } });
});
afterAll(() => server.close());
beforeEach(async () => {
  receiver = await startWebhookReceiver();
  return () => receiver.close();
});

type Linked = { readonly hook: Made; readonly told: Made; readonly config: Made };

/** A rule about one product, linked to the receiver. */
async function linkedRule(subject: Made, url = receiver.url): Promise<Linked> {
  const hook = await webhook(server, url);
  const told = await rule(server, 'configuration.product.updated', {
    alwaysFireEvent: false,
    calculation: `new.id == "${subject.id}"`,
  });
  return { hook, told, config: await linked(server, told, hook) };
}

async function renamed({ id, code }: Made, version: number): Promise<void> {
  const body = { name: `Renamed ${version}`, code, version };
  expect(await server.request('PUT', `/products/${id}`, body)).toMatchObject({ status: 200 });
  await dispatchAll(server);
}

async function firedRun(): Promise<Linked & { readonly run: Run; readonly subject: Made }> {
  const subject = await product(server);
  const parts = await linkedRule(subject);
  await renamed(subject, 1);
  const [run] = await runsOf(server, 'Notification', parts.told.id);
  return { ...parts, run: run as Run, subject };
}

async function logOf(run: Run): Promise<string> {
  const { body } = await server.request('GET', `/integrationruns/logs/${run.id}`);
  return Buffer.from((body as { Payload: string }).Payload, 'base64').toString();
}

test('a rule that fires is an event, a run and one signed request', async () => {
  const { run, told, hook, subject } = await firedRun();
  expect(run).toMatchObject({
    status: 'WAITING',
    entityType: 'Notification',
    entityId: told.id,
    destination: 'Webhook',
    destinationId: hook.id,
  });
  const [fired] = await events(server, { notificationId: told.id, eventType: 'Notification' });
  expect(fired?.m3terEvent.eventData).toMatchObject({ newDto: { id: subject.id, version: 2 } });

  receiver.answerWith({ status: 200, body: '{"externalId":"x-1","url":"https://x.example/1"}' });
  const done = await attempt(server, run);
  expect(done).toMatchObject({ status: 'COMPLETE', externalId: 'x-1', url: 'https://x.example/1' });
  expect(done.dtStarted).toBeDefined();
  expect(done.dtCompleted).toBeDefined();

  const [request] = receiver.received;
  expect(receiver.received).toHaveLength(1);
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json; charset=utf-8',
    'x-m3ter-apikey': 'key-1',
    'x-m3ter-delivery': run.id,
  });
  const timestamp = String(request?.headers['x-m3ter-timestamp']);
  const signed = [receiver.url, '{}', 'key-1', timestamp, request?.text].join('|');
  expect(request?.headers['x-m3ter-signature']).toBe(
    createHmac('sha256', 's3cr3t').update(signed).digest('hex'),
  );
  const { code, name, description } = told;
  expect(JSON.parse(request?.text ?? '')).toMatchObject({
    id: run.id,
    orgId: server.orgId,
    type: 'Notification',
    notification: { id: told.id, code, name, description },
    event: {
      eventName: 'configuration.product.updated',
      m3terEvent: { eventData: { newDto: { id: subject.id, version: 2 }, oldDto: { version: 1 } } },
    },
  });
  const log = await logOf(done);
  expect(JSON.parse(log)).toMatchObject({ attempt: 1, response: { status: 200 } });
  expect(log).not.toContain('s3cr3t');
  expect(log).not.toContain(String(request?.headers['x-m3ter-signature']));
});

test('500, 500, 200 completes on the third attempt, under the same delivery id', async () => {
  const { run } = await firedRun();
  receiver.answerWith(500, 500, 200);
  expect(await attempt(server, run)).toMatchObject({
    status: 'AWAITING_RETRY',
    error: 'the receiver answered 500',
  });
  expect(await attempt(server, run)).toMatchObject({ status: 'AWAITING_RETRY' });
  const done = await attempt(server, run);
  expect(done).toMatchObject({ status: 'COMPLETE' });
  expect(done).not.toHaveProperty('error');
  expect(receiver.received.map(({ headers }) => headers['x-m3ter-delivery'])).toEqual([
    run.id,
    run.id,
    run.id,
  ]);
  expect((await logOf(done)).trim().split('\n')).toHaveLength(3);
  expect(await events(server, { resourceId: run.entityId, eventType: 'IntegrationEvent' })).toEqual([]);
});

test('each attempt has one job, due after its pause, and a job that runs twice sends once', async () => {
  const { run } = await firedRun();
  receiver.answerWith(500);
  await attempt(server, run);
  await sendIntegrationRun.run(server.context, { orgId: server.orgId, runId: run.id, attempt: 0 });
  expect(receiver.received).toHaveLength(1);
  const { rows } = await sql<{ attempt: string; seconds: number }>`
    select p.payload ->> 'attempt' as attempt, extract(epoch from j.run_at - now())::float8 as seconds
    from graphile_worker._private_jobs p join graphile_worker.jobs j on j.id = p.id
    where p.payload ->> 'runId' = ${run.id} order by p.id`.execute(server.context.db);
  expect(rows.map((row) => row.attempt)).toEqual(['0', '1']);
  expect(rows[1]?.seconds).toBeGreaterThan(45);
  expect(rows[1]?.seconds).toBeLessThan(67);
});

test('a receiver that never recovers is given up on after the last step', async () => {
  const { run } = await firedRun();
  receiver.answerWith(503, 503, 503, 503, 503, 503, 503);
  for (let i = 0; i < 6; i += 1) expect((await attempt(server, run)).status).toBe('AWAITING_RETRY');
  expect(await attempt(server, run)).toMatchObject({ status: 'ERROR' });
  expect(await events(server, { resourceId: run.entityId, eventType: 'IntegrationEvent' })).toMatchObject([
    { eventName: 'integration.perform.error' },
  ]);
});

test.each([
  [401, 'AUTH_FAILED', 'integration.authentication.error'],
  [422, 'ERROR', 'integration.validation.error'],
  [302, 'ERROR', 'integration.perform.error'],
])('an answer of %d ends the run as %s', async (status, ended, event) => {
  const { run, config } = await firedRun();
  receiver.answerWith(status);
  expect(await attempt(server, run)).toMatchObject({
    status: ended,
    error: `the receiver answered ${status}`,
  });
  const [raised] = await events(server, { resourceId: run.entityId, eventType: 'IntegrationEvent' });
  expect(raised).toMatchObject({ eventName: event });
  expect(raised?.m3terEvent.eventData).toMatchObject({
    integrationRunId: run.id,
    integrationConfigId: config.id,
    destination: 'Webhook',
    externalSystem: 'Webhook',
  });
  const latest = await server.request('GET', `/integrationconfigs/${config.id}`);
  expect(latest.body).toMatchObject({ status: ended, entityType: 'Notification', enabled: true });
});

test('a receiver that asks for time gets it', async () => {
  const { run } = await firedRun();
  receiver.answerWith(429);
  expect(await attempt(server, run)).toMatchObject({ status: 'RATE_LIMIT_RETRY' });
});

test('nothing is sent to an inactive webhook, nor for a configuration that is off or gone', async () => {
  const inactive = await firedRun();
  const path = `/integrationdestinations/webhooks/${inactive.hook.id}/active?active=false`;
  expect(await server.request('PUT', path)).toMatchObject({ status: 200 });
  expect(await attempt(server, inactive.run)).toMatchObject({ status: 'DISABLED' });
  expect(await logOf(inactive.run)).toContain(inactive.subject.id);

  const off = await firedRun();
  await server.request('POST', `/integrationconfigs/${off.config.id}/disable`);
  expect(await attempt(server, off.run)).toMatchObject({ status: 'DISABLED' });

  const gone = await firedRun();
  await server.request('DELETE', `/integrationconfigs/${gone.config.id}`);
  expect(await attempt(server, gone.run)).toMatchObject({ status: 'DISABLED' });
  expect(receiver.received).toEqual([]);
});

test('ten failures in a row switch the integration off, enabling starts anew', async () => {
  const subject = await product(server);
  const { told, config } = await linkedRule(subject);
  for (let version = 1; version <= 10; version += 1) {
    receiver.answerWith(404);
    await renamed(subject, version);
    const run = (await runsOf(server, 'Notification', told.id)).at(-1) as Run;
    expect(await attempt(server, run)).toMatchObject({ status: 'ERROR' });
    const { body } = await server.request('GET', `/integrationconfigs/${config.id}`);
    expect(body).toMatchObject({ enabled: version < 10, authorized: true });
  }
  const [raised] = await events(server, { resourceId: told.id, eventType: 'IntegrationEvent' });
  expect(raised).toMatchObject({ eventName: 'integration.disabled.error' });
  const alerts = await server.request('GET', '/alerts?type=INTEGRATION&severity=ERROR&status=NEW');
  expect((alerts.body as { data: Made[] }).data[0]).toMatchObject({ entityId: config.id });
  await renamed(subject, 11);
  expect(await runsOf(server, 'Notification', told.id)).toHaveLength(10);

  const enabled = await server.request('POST', `/integrationconfigs/${config.id}/enable`);
  expect(enabled).toMatchObject({ status: 200, body: { enabled: true } });
  receiver.answerWith(404);
  await renamed(subject, 12);
  await attempt(server, (await runsOf(server, 'Notification', told.id)).at(-1) as Run);
  const { body } = await server.request('GET', `/integrationconfigs/${config.id}`);
  expect(body).toMatchObject({ enabled: true });
});

test('three refused sign-ins in a row switch it off and take its authorization', async () => {
  const subject = await product(server);
  const { told, config } = await linkedRule(subject);
  for (let version = 1; version <= 3; version += 1) {
    receiver.answerWith(403);
    await renamed(subject, version);
    await attempt(server, (await runsOf(server, 'Notification', told.id)).at(-1) as Run);
  }
  const { body } = await server.request('GET', `/integrationconfigs/${config.id}`);
  expect(body).toMatchObject({ enabled: false, authorized: false });
});

test('the users that it names are mailed when it is switched off, as far as they have access', async () => {
  const [told, ended] = [await newUser(server), await newUser(server)];
  const gone = { version: ended.version, dtEndAccess: '2020-01-01T00:00:00Z' };
  expect(await server.request('PUT', `/users/${ended.id}`, gone)).toMatchObject({ status: 200 });
  const offered = await server.request('GET', '/integrationconfigs/values/Webhook/notifyUserIds');
  const label = `Ada Lovelace <${told['email']}>`;
  expect(offered.body).toContainEqual({ id: told.id, label });
  const mails: Mail[] = [];
  const mail = { send: async (sent: Mail) => void mails.push(sent), close: () => {} };
  const mailing = { ...server, context: { ...server.context, mail } };
  const { run, config } = await firedRun();
  const configData = { notifyUserIds: [told.id.toUpperCase(), ended.id, newId(), 'nobody'] };
  const put = await server.request('PUT', `/integrationconfigs/${config.id}`, { ...config, configData });
  expect(put).toMatchObject({ status: 200 });
  await sql`update integration_config set failure_count = 9 where id = ${config.id}`.execute(
    server.context.db,
  );
  receiver.answerWith(404);
  expect(await attempt(mailing, run)).toMatchObject({ status: 'ERROR' });
  const { rows } = await sql<{ payload: { sealed: string } }>`
    select payload from graphile_worker._private_jobs where payload::jsonb ? 'sealed'`.execute(
    server.context.db,
  );
  for (const { payload } of rows) await sendMail.run(mailing.context, payload);
  expect(mails).toEqual([
    {
      to: told['email'],
      subject: 'An integration was switched off',
      text: expect.stringMatching(/switched off after repeated failures: the receiver answered 404/),
    },
  ]);
});

test('a run that is over can be replayed, one that is not cannot', async () => {
  const { run } = await firedRun();
  const early = await server.request('POST', `/integrationruns/${run.id}/replay`);
  expect(early).toMatchObject({ status: 400, body: { code: 'ILLEGAL_STATE' } });
  receiver.answerWith(400);
  await attempt(server, run);
  const replayed = await server.request('POST', `/integrationruns/${run.id}/replay`);
  expect(replayed).toMatchObject({
    status: 200,
    body: { status: 'WAITING', replayedFromIntegrationRunId: run.id },
  });
  const again = replayed.body as Run;
  expect(await attempt(server, again)).toMatchObject({ status: 'COMPLETE' });
  const [first, second] = receiver.received.map(({ text }) => JSON.parse(text));
  expect({ ...second, id: first.id, sentAt: first.sentAt }).toEqual(first);
  expect(second.id).toBe(again.id);
  expect(await server.request('POST', `/integrationruns/${newId()}/replay`)).toMatchObject({ status: 404 });
});

test('a webhook that has come to lead inside is not sent to', async () => {
  const { run, hook } = await firedRun();
  await sql`update webhook set url = 'https://169.254.169.254/' where id = ${hook.id}`.execute(
    server.context.db,
  );
  expect(await attempt(server, run)).toMatchObject({
    status: 'ERROR',
    error: '169.254.169.254 must not be sent to',
  });
});

test('runs are listed by start, state and destination, page by page', async () => {
  const { run, hook, told, subject } = await firedRun();
  await attempt(server, run);
  await renamed(subject, 2);
  const list = async (query: string) => {
    const { body } = await server.request('GET', `/integrationruns/destinations/${hook.id}?${query}`);
    return body as { data: Run[]; nextToken?: string };
  };
  const [first, second] = (await list('order=ASC')).data;
  expect(first?.id).toBe(run.id);
  expect((await list('status=COMPLETE')).data.map(({ id }) => id)).toEqual([run.id]);
  expect((await list('destination=webhook')).data).toHaveLength(2);
  expect((await list('destination=Stripe')).data).toEqual([]);
  const page = await list('pageSize=1');
  expect(page.data.map(({ id }) => id)).toEqual([second?.id]);
  expect((await list(`pageSize=1&nextToken=${page.nextToken}`)).data.map(({ id }) => id)).toEqual([run.id]);
  const started = encodeURIComponent(first?.dtStarted ?? '');
  expect((await list(`startDate=${started}`)).data.map(({ id }) => id)).toEqual([second?.id]);
  expect((await list(`endDate=${started}`)).data.map(({ id }) => id)).toEqual([run.id]);
  const latest = await server.request('GET', `/integrationruns/Notification/latest/${told.id}`);
  expect(latest.body).toMatchObject({ id: second?.id });
  const several = await server.request(
    'GET',
    `/integrationruns/Notification/latest?ids=${told.id},${newId()}`,
  );
  expect(several.body).toMatchObject({ id: second?.id, data: [{ id: second?.id }] });
  expect(await server.request('GET', `/integrationruns/Bill/latest/${told.id}`)).toMatchObject({
    status: 404,
  });
});

test('entities are sent when they are created, changed and deleted', async () => {
  const hook = await webhook(server, receiver.url);
  await created(server, '/integrationconfigs', {
    entityType: 'Contract',
    destination: 'webhook',
    destinationId: hook.id,
  });
  const { id: accountId } = await created(server, '/accounts', {
    name: 'Acme',
    code: `acme_${newId()}`,
    emailAddress: 'a@acme.example',
  });
  const body = { accountId, name: 'One', startDate: '2024-01-01', endDate: '2025-01-01' };
  const contract = await created(server, '/contracts', body);
  await dispatchAll(server);
  await server.request('PUT', `/contracts/${contract.id}`, { ...body, name: 'Two', version: 1 });
  await dispatchAll(server);
  const runs = await runsOf(server, 'Contract', contract.id);
  expect(runs, 'the newer content took the queued run over').toHaveLength(1);
  await attempt(server, runs[0] as Run);
  expect(JSON.parse(receiver.received[0]?.text ?? '')).toMatchObject({
    type: 'Contract',
    action: 'created',
    entity: { id: contract.id, name: 'Two', version: 2 },
  });
  await server.request('DELETE', `/contracts/${contract.id}`);
  await dispatchAll(server);
  await attempt(server, (await runsOf(server, 'Contract', contract.id)).at(-1) as Run);
  expect(JSON.parse(receiver.received[1]?.text ?? '')).toMatchObject({
    action: 'deleted',
    entity: { name: 'Two' },
  });
});
