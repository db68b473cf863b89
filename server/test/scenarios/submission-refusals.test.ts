import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../../src/kernel/ids.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';
import { meter, type Sent, submit, usage, waiting } from '../support/usage.ts';

let server: TestServer;
beforeAll(async () => {
  // Without a worker, everything that is accepted stays in the inbox.
  server = await startTestServer({ role: 'api' });
  await meter(server, { code: 'calls', dataFields: [{ category: 'MEASURE', code: 'qty' }] });
});
afterAll(() => server.close());

const TS = '2024-03-05T10:00:00Z';
const good: Sent = { meter: 'calls', account: 'acme', ts: TS, measure: { qty: 1 } };

function post(body: string, headers: Record<string, string> = {}): Promise<Answer> {
  return server.raw('POST', `/organizations/${server.orgId}/measurements`, {
    headers: { authorization: server.authorization, 'content-type': 'application/json', ...headers },
    body,
  });
}

type Problem = { readonly code: string; readonly errors?: readonly { readonly field: string }[] };

/** Expects a refusal that says what is wrong, and that nothing has been accepted. */
async function refused(answer: Answer, status: number, code: string): Promise<readonly string[]> {
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status, body: { code } });
  expect((answer.body as { message: string }).message).not.toBe('');
  expect(await waiting(server)).toBe(0);
  return ((answer.body as Problem).errors ?? []).map(({ field }) => field);
}

describe('a measurement that is refused', () => {
  test.each<[name: string, change: Sent, field: string]>([
    ['no account', { account: undefined }, 'account'],
    ['an empty account', { account: '' }, 'account'],
    ['an account that is no text', { account: 5 }, 'account'],
    ['an account of 81 characters', { account: 'a'.repeat(81) }, 'account'],
    ['an account with a space at its end', { account: 'acme ' }, 'account'],
    ['an account with a line break', { account: 'ac\nme' }, 'account'],
    ['no meter', { meter: null }, 'meter'],
    ['a meter of 81 characters', { meter: 'm'.repeat(81) }, 'meter'],
    ['no ts', { ts: undefined }, 'ts'],
    ['a ts without a time', { ts: '2024-03-05' }, 'ts'],
    ['a ts that is no date', { ts: 'yesterday' }, 'ts'],
    ['a ts on a day that does not exist', { ts: '2023-02-29T00:00:00Z' }, 'ts'],
    ['a ts as a number', { ts: 1709632800000 }, 'ts'],
    ['a ts of tomorrow', { ts: '2124-03-05T10:00:00Z' }, 'ts'],
    ['an ets before ts', { ets: '2024-03-05T09:59:59.999Z' }, 'ets'],
    ['an ets that is no date', { ets: 'later' }, 'ets'],
    ['a ts before all times', { ts: '1899-12-31T23:59:59Z' }, 'ts'],
    ['a uid of 51 characters', { uid: 'u'.repeat(51) }, 'uid'],
    ['a uid that is no text', { uid: 7 }, 'uid'],
    ['text among numbers', { measure: { qty: '1' } }, 'measure.qty'],
    ['true among numbers', { measure: { qty: true } }, 'measure.qty'],
    ['numbers in a list', { measure: [1] }, 'measure'],
    ['a number as numbers', { measure: 5 }, 'measure'],
    ['a number of 40 digits', { cost: { usd: 1e39 } }, 'cost.usd'],
    ['a negative number of 37 digits', { income: { usd: -1e36 } }, 'income.usd'],
    ['a number among texts', { who: { user: 5 } }, 'who.user'],
    ['an object among texts', { what: { model: { name: 'x' } } }, 'what.model'],
    ['a list as texts', { where: [] }, 'where'],
    ['text as texts', { other: 'x' }, 'other'],
    ['metadata of 257 characters', { metadata: { note: 'x'.repeat(257) } }, 'metadata.note'],
    ['half a surrogate pair', { who: { user: 'a\ud800' } }, 'who.user'],
    ['half a surrogate pair in a uid', { uid: '\udc00' }, 'uid'],
    ['NUL', { what: { model: 'a\u0000b' } }, 'what.model'],
    ['NUL in a uid', { uid: '\u0000' }, 'uid'],
    ['NUL where nobody looks', { unknown: { deep: ['\u0000'] } }, 'unknown.deep[0]'],
  ])('for %s is named, and those beside it are refused with it', async (_name, change, field) => {
    const answer = await submit(server, [good, { ...good, ...change }, good]);
    expect(await refused(answer, 400, 'VALIDATION_FAILED')).toEqual([`measurements[1].${field}`]);
  });

  test.each([
    ['text', '"text"'],
    ['null', 'null'],
    ['a list', '[]'],
  ])('for being %s is named', async (_name, text) => {
    const answer = await post(`{"measurements":[${text}]}`);
    expect(await refused(answer, 400, 'VALIDATION_FAILED')).toEqual(['measurements[0]']);
  });

  test('comes with all that is wrong, up to a hundred errors', async () => {
    const answer = await submit(server, [{ ...good, ts: 'x', uid: 5 }, good, { measure: { qty: 'x' } }]);
    expect(await refused(answer, 400, 'VALIDATION_FAILED')).toEqual([
      'measurements[0].ts',
      'measurements[0].uid',
      'measurements[2].account',
      'measurements[2].meter',
      'measurements[2].ts',
      'measurements[2].measure.qty',
    ]);
    const many = await submit(
      server,
      Array.from({ length: 500 }, () => ({})),
    );
    expect(await refused(many, 400, 'VALIDATION_FAILED')).toHaveLength(100);
  });
});

describe('a request that is refused', () => {
  const row = JSON.stringify(good);
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;

  test.each([
    ['an empty body', '', 'MALFORMED_JSON', []],
    ['no JSON', 'measurements', 'MALFORMED_JSON', []],
    ['JSON that ends too early', `{"measurements":[${row}`, 'MALFORMED_JSON', []],
    ['JSON with a comma too many', `{"measurements":[${row},]}`, 'MALFORMED_JSON', []],
    ['NaN', '{"measurements":[{"measure":{"qty":NaN}}]}', 'MALFORMED_JSON', []],
    ['a number beyond all sizes', `{"x":1e999999999,"measurements":[${row}]}`, 'MALFORMED_JSON', []],
    ['a number beyond all smallness', `{"x":1e-999999999,"measurements":[${row}]}`, 'MALFORMED_JSON', []],
    ['lists without end', `{"x":${deep},"measurements":[${row}]}`, 'MALFORMED_JSON', []],
    ['a raw NUL', `{"measurements":[{"uid":"\u0000"}]}`, 'MALFORMED_JSON', []],
    ['a list as body', `[${row}]`, 'VALIDATION_FAILED', ['body']],
    ['null as body', 'null', 'VALIDATION_FAILED', ['body']],
    ['no measurements', '{}', 'VALIDATION_FAILED', ['measurements']],
    ['measurements that are no list', `{"measurements":${row}}`, 'VALIDATION_FAILED', ['measurements']],
    ['0 measurements', '{"measurements":[]}', 'VALIDATION_FAILED', ['measurements']],
    [
      '1001 measurements',
      `{"measurements":[${Array.from({ length: 1001 }, () => row).join()}]}`,
      'VALIDATION_FAILED',
      ['measurements'],
    ],
  ])('for %s answers 400', async (_name, body, code, fields) => {
    expect(await refused(await post(body), 400, code)).toEqual(fields);
  });

  test.each([[512_000], [600_000]])('for a body of %i bytes answers 403', async (size) => {
    const body = `{"measurements":[${row}]}`.padEnd(size, ' ');
    await refused(await post(body), 403, 'PAYLOAD_TOO_LARGE');
  });

  test('for a large body of unknown length answers 403', async () => {
    const url = `${server.address}/organizations/${server.orgId}/measurements`;
    const body = new Blob([`{"measurements":[${row}]}`.padEnd(700_000, ' ')]).stream();
    const headers = { authorization: server.authorization };
    const answer = await fetch(url, { method: 'POST', headers, body, duplex: 'half' } as RequestInit);
    await refused({ status: answer.status, body: await answer.json() }, 403, 'PAYLOAD_TOO_LARGE');
  });

  test('for another organization, no token or an expired one answers 403', async () => {
    const body = `{"measurements":[${row}]}`;
    const headers = { authorization: server.authorization };
    const foreign = await server.raw('POST', `/organizations/${newId()}/measurements`, { headers, body });
    await refused(foreign, 403, 'FORBIDDEN');
    await refused(await post(body, { authorization: '' }), 403, 'UNAUTHORIZED');
    await refused(await post(body, { authorization: 'Bearer x.y.z' }), 403, 'UNAUTHORIZED');
    const old = server.authorization;
    const { now } = server.clock;
    await server.moveTo(String(now().add({ hours: 5, minutes: 1 })));
    await refused(await post(body, { authorization: old }), 403, 'UNAUTHORIZED');
  });
});

describe('at the limits', () => {
  test('all of this is accepted, and waits for a worker', async () => {
    await server.moveTo('2030-01-01T00:00:00Z');
    const whole: Sent = {
      ...good,
      account: 'a'.repeat(80),
      uid: 'u'.repeat(50),
      ts: '2030-01-01T00:01:00Z',
      ets: '9999-12-31T23:59:59Z',
      measure: { qty: 999_999_999_999_999, none: null },
      cost: null,
      metadata: { note: '😀'.repeat(256) },
      unknown: [1, { a: 'b' }],
    };
    expect(await submit(server, [whole])).toMatchObject({ status: 200, body: { result: 'accepted' } });
    const many = Array.from({ length: 1000 }, () => good);
    expect(await submit(server, many)).toMatchObject({ status: 200 });
    const body = JSON.stringify({ measurements: [good] });
    expect(await post(body.padEnd(511_999, ' '))).toMatchObject({ status: 200 });
    const huge = body.replace('"qty":1', `"qty":${'9'.repeat(36)}.${'9'.repeat(40)}`);
    expect(await post(huge)).toMatchObject({ status: 200 });
    expect(await waiting(server)).toBe(4);
    expect(await usage(server)).toEqual([]);
  });

  test('a minute ahead is forgiven, a millisecond more is not', async () => {
    await server.moveTo('2030-01-01T00:00:00Z');
    const late = await submit(server, [{ ...good, ts: '2030-01-01T00:01:00.001Z' }]);
    expect(late).toMatchObject({ status: 400, body: { errors: [{ field: 'measurements[0].ts' }] } });
  });

  test.each([
    ['with short numbers', '1', '2'],
    ['with long numbers', '1', '1234567890.123456789'],
  ])('of equal keys %s the last one counts', async (_name, first, last) => {
    const measure = `{"qty":${first},"qty":${last}}`;
    const text = `{"meter":"calls","account":"","account":"acme","ts":"${TS}","measure":${measure}}`;
    const before = await waiting(server);
    expect(await post(`{"measurements":[],"measurements":[${text}]}`)).toMatchObject({ status: 200 });
    expect(await waiting(server)).toBe(before + 1);
  });
});
