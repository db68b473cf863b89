import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeNextGroup } from '../../src/areas/usage/store-group.ts';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { meter, submit, usage } from '../support/usage.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

const TS = '2024-03-05T10:00:00Z';

async function given(code: string): Promise<{ made: Made; acme: Made }> {
  const made = await meter(server, { code, dataFields: [{ category: 'MEASURE', code: 'qty' }] });
  return { made, acme: await account(server, { code: `${code}: Ünïcode 会社 😀` }) };
}

async function stored(): Promise<void> {
  while (await storeNextGroup(server.context));
}

test('ten thousand fields that nobody declares are kept aside', async () => {
  const { made, acme } = await given('wide');
  const what = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field_${i}`, 'value']));
  const row = { account: acme['code'], meter: 'wide', ts: TS, measure: { qty: 1 }, what };
  expect(await submit(server, [row])).toMatchObject({ status: 200 });
  await stored();
  expect(await usage(server, { meterIds: [made.id] })).toMatchObject([{ qty: 1, accountId: acme.id }]);
});

test('names that mean something to JavaScript are names like others', async () => {
  const { made, acme } = await given('odd');
  const names = { constructor: 'a', toString: 'b', hasOwnProperty: 'c' };
  const text = JSON.stringify({
    account: acme['code'],
    meter: 'odd',
    ts: TS,
    measure: { qty: 2 },
    who: names,
  });
  const body = `{"measurements":[${text.replace('"who":{', '"who":{"__proto__":"d",')}]}`;
  const answer = await server.raw('POST', `/organizations/${server.orgId}/measurements`, {
    headers: { authorization: server.authorization, 'content-type': 'application/json' },
    body,
  });
  expect(answer).toMatchObject({ status: 200 });
  await stored();
  expect(await usage(server, { meterIds: [made.id] })).toMatchObject([{ qty: 2, accountId: acme.id }]);
});

test.each([['NaN'], ['Infinity'], ['-Infinity'], ['0x10'], ['1,5'], ['']])(
  'the text %j is no number',
  async (qty) => {
    const answer = await submit(server, [{ account: 'a', meter: 'm', ts: TS, measure: { qty } }]);
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ field: 'measurements[0].measure.qty' }] },
    });
  },
);
