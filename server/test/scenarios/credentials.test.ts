import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openedText } from '../../src/kernel/sealed-text.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

type Entity = Record<string, unknown> & { id: string; version: number };

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

const BASIC = { type: 'HTTP_BASIC', name: 'Gateway', username: 'meterbook', password: 'hidden-1' };

async function create(path: string, body: object): Promise<Entity> {
  const answer = await server.request('POST', path, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as Entity;
}

/** Everything in the database that could hold a secret, as text. */
async function storedText(): Promise<string> {
  const { rows } = await sql<{ text: string }>`
    select coalesce(string_agg(t::text, ' '), '') as text from (
      select integration_credentials::text from integration_credentials
      union all select integration_config::text from integration_config
      union all select webhook::text from webhook
      union all select audit_entry::text from audit_entry
      union all select event::text from event) t`.execute(server.context.db);
  return rows[0]?.text ?? '';
}

/** The secrets as they were sent, opened with the key of the installation. */
async function openedSecrets(id: string): Promise<object> {
  const { rows } = await sql<{ sealedSecrets: string }>`
    select sealed_secrets from integration_credentials
    where org_id = ${server.orgId} and id = ${id}`.execute(server.context.db);
  const seal = { key: server.context.secretKey, owner: server.orgId };
  return JSON.parse(openedText(rows[0]?.sealedSecrets ?? '', seal)) as object;
}

test('secrets are neither answered nor stored in the clear', async () => {
  const config = await create('/integrationconfigs', {
    entityType: 'Bill',
    destination: 'Stripe',
    credentials: BASIC,
  });
  const webhook = await create('/integrationdestinations/webhooks', {
    name: 'Alerts',
    description: 'Receives alerts',
    url: 'https://8.8.8.8/hook',
    credentials: { type: 'M3TER_SIGNED_REQUEST', apiKey: 'key-1', secret: 'hidden-2' },
  });
  const credentials = await server.request(
    'GET',
    `/integrationcredentials/${String(config['integrationCredentialsId'])}`,
  );
  expect(credentials.body).toMatchObject({ type: 'HTTP_BASIC', name: 'Gateway' });
  expect(webhook['credentials']).toMatchObject({ type: 'M3TER_SIGNED_REQUEST', apiKey: 'key-1' });
  const seen = JSON.stringify([config, webhook, credentials.body]) + (await storedText());
  expect(seen).not.toMatch(/hidden-[12]/);
  expect(await openedSecrets(String(config['integrationCredentialsId']))).toEqual({
    username: 'meterbook',
    password: 'hidden-1',
  });
});

test('only the secrets of the type are kept', async () => {
  const { id } = await create('/integrationcredentials', { ...BASIC, apiKey: 'no part of it' });
  expect(Object.keys(await openedSecrets(id))).toEqual(['username', 'password']);
});

test('credentials in use stay, and naming them wins over sending others', async () => {
  const { id } = await create('/integrationcredentials', BASIC);
  const body = {
    entityType: 'Bill',
    destination: 'stripe',
    integrationCredentialsId: id,
    credentials: BASIC,
  };
  const config = await create('/integrationconfigs', body);
  expect(config).toMatchObject({
    destination: 'Stripe',
    integrationCredentialsId: id,
    authorized: true,
    enabled: true,
  });
  expect(await server.request('DELETE', `/integrationcredentials/${id}`)).toMatchObject({
    status: 400,
    body: { code: 'ENTITY_IN_USE' },
  });
  const twin = await server.request('POST', '/integrationconfigs', body);
  expect(twin).toMatchObject({ status: 400, body: { code: 'DUPLICATE' } });
  await server.request('DELETE', `/integrationconfigs/${config.id}`);
  expect(await server.request('DELETE', `/integrationcredentials/${id}`)).toMatchObject({ status: 200 });
});

test('a configuration is switched off and on, and a put does not switch it', async () => {
  const { id } = await create('/integrationconfigs', { entityType: 'Bill', destination: 'Xero' });
  const path = `/integrationconfigs/${id}`;
  expect(await server.request('POST', `${path}/enable`)).toMatchObject({
    body: { enabled: true, version: 1 },
  });
  expect(await server.request('POST', `${path}/disable`)).toMatchObject({
    body: { enabled: false, version: 2 },
  });
  const update = { entityType: 'Bill', destination: 'Xero', enabled: true, version: 2 };
  expect(await server.request('PUT', path, update)).toMatchObject({ body: { enabled: false, version: 3 } });
  expect(await server.request('POST', `${path}/enable`)).toMatchObject({
    body: { enabled: true, version: 4 },
  });
});

test.each([
  ['http', 'http://8.8.8.8/hook'],
  ['loopback', 'https://127.0.0.1/hook'],
  ['loopback written as a number', 'https://2130706433/hook'],
  ['the metadata service', 'https://169.254.169.254/hook'],
  ['a name without an address', 'https://no-such-host.invalid/hook'],
  ['no address at all', 'not a url'],
])('a webhook to %s is refused', async (_, url) => {
  const body = {
    name: 'W',
    description: 'W',
    url,
    credentials: { type: 'M3TER_SIGNED_REQUEST', empty: true },
  };
  expect(await server.request('POST', '/integrationdestinations/webhooks', body)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED', errors: [{ field: 'url' }] },
  });
});
