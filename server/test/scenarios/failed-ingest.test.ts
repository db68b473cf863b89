import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { purgeIngest } from '../../src/areas/usage/index.ts';
import { newId } from '../../src/kernel/ids.ts';
import { account } from '../support/configured.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';
import { emptied, type Failure, failures, meter } from '../support/usage.ts';

const PATH = '/measurements/failedIngest/getDownloadUrl';

let server: TestServer;
let failure: Failure;
let fileId: string;

beforeAll(async () => {
  server = await startTestServer();
  await server.moveTo('2030-01-01T00:00:00.250Z');
  await account(server, { code: 'acme' });
  await meter(server, {
    code: 'calls',
    dataFields: [
      { category: 'MEASURE', code: 'qty' },
      { category: 'WHO', code: 'user' },
    ],
  });
  const sent = await server.raw('POST', `/organizations/${server.orgId}/measurements`, {
    headers: { authorization: server.authorization },
    body: `{"measurements":[${SENT}]}`,
  });
  expect(sent).toMatchObject({ status: 200 });
  await emptied(server);
  [failure] = (await failures(server)) as [Failure];
  fileId = failure.getDownloadUrl.slice(-36);
});
afterAll(() => server.close());

const SENT =
  '{"uid":"u-1","meter":"calls","account":"acme","ts":"2024-03-05T11:00:00+01:00","own":{"a":[null,1]},' +
  '"measure":{"qty":12345678901234567890.5,"other":1e3},"who":{"user":null}}';

/** A link as a browser would follow it: without a token. */
function follow(link: string): Promise<Answer & { headers: object }> {
  return server.raw('GET', link.slice(server.context.config.publicUrl.length));
}

async function linkTo(file: string): Promise<string> {
  const answer = await server.request('GET', `${PATH}?file=${encodeURIComponent(file)}`);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  expect(Object.keys(answer.body as object)).toEqual(['url']);
  return (answer.body as { url: string }).url;
}

test('the event names the address of the link', async () => {
  const base = `${server.context.config.publicUrl}/organizations/${server.orgId}${PATH}?file=`;
  expect(failure).toMatchObject({ type: 'MissingField', uid: 'u-1', receivedAt: '2030-01-01T00:00:00.250Z' });
  expect(failure.getDownloadUrl).toBe(`${base}${fileId}`);
  const headers = { authorization: server.authorization };
  const asItIs = await server.raw(
    'GET',
    failure.getDownloadUrl.slice(server.context.config.publicUrl.length),
    { headers },
  );
  expect(asItIs).toMatchObject({ status: 200, body: { url: expect.stringContaining('/downloads/') } });
});

test.each([
  ['its id', (url: string) => url.slice(-36)],
  ['the whole address in the event', (url: string) => url],
])('the file is asked for by %s and holds errors and measurement as it was sent', async (_name, named) => {
  const answer = await follow(await linkTo(named(failure.getDownloadUrl)));
  expect(answer).toMatchObject({
    status: 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="failed-measurement-${fileId}.json"`,
    },
    body: {
      errors: [{ type: 'MissingField', message: "Field 'user' (WHO) is missing", field: 'user' }],
      measurement: { ...JSON.parse(SENT) },
      receivedAt: '2030-01-01T00:00:00.250Z',
    },
  });
});

test('the file keeps all digits', async () => {
  const path = (await linkTo(fileId)).slice(server.context.config.publicUrl.length);
  expect(await (await fetch(`${server.address}${path}`)).text()).toContain('12345678901234567890.5');
});

test('the link ends after five minutes, and only we can write one', async () => {
  const link = await linkTo(fileId);
  await server.moveTo('2030-01-01T00:05:00.249Z');
  expect(await follow(link)).toMatchObject({ status: 200 });
  await server.moveTo('2030-01-01T00:05:00.250Z');
  expect(await follow(link)).toMatchObject({ status: 403, body: { code: 'FORBIDDEN' } });
  const fresh = await linkTo(fileId);
  const [payload, signature = ''] = fresh.split('/').at(-1)?.split('.') ?? [];
  const other = `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
  expect(await follow(fresh.replace(/[^/]*$/, `${payload}.${other}`))).toMatchObject({ status: 403 });
  const late = Buffer.from(`9999999999999 ${server.orgId} ${fileId}`).toString('base64url');
  expect(await follow(fresh.replace(/[^/]*$/, `${late}.${signature}`))).toMatchObject({ status: 403 });
  expect(await follow(fresh.replace(/[^/]*$/, 'nothing'))).toMatchObject({ status: 403 });
});

test('an unknown file is not found, no file is asked for in vain', async () => {
  for (const file of [newId(), 'x', '../../etc/passwd', `${failure.getDownloadUrl}0`]) {
    const answer = await server.request('GET', `${PATH}?file=${encodeURIComponent(file)}`);
    expect(answer, file).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  }
  expect(await server.request('GET', PATH)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED', errors: [{ field: 'file' }] },
  });
  const other = newId();
  const headers = { authorization: server.authorization };
  const foreign = await server.raw('GET', `/organizations/${other}${PATH}?file=${fileId}`, { headers });
  expect(foreign).toMatchObject({ status: 403 });
});

test('the file goes when its event does', async () => {
  const files = async () => {
    const { rows } = await sql`select id from failed_measurement`.execute(server.context.db);
    return rows.length;
  };
  await server.moveTo('2030-01-29T00:00:00Z');
  await purgeIngest.run(server.context, {});
  expect(await files()).toBe(1);
  await server.moveTo('2030-01-29T00:00:00.250Z');
  await purgeIngest.run(server.context, {});
  expect(await files()).toBe(0);
  expect(await server.request('GET', `${PATH}?file=${fileId}`)).toMatchObject({ status: 404 });
});
