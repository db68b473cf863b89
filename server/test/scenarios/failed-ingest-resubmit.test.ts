import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { finishUnfinishedGroups, storeNextGroup } from '../../src/areas/usage/store-group.ts';
import type { Context } from '../../src/context.ts';
import { account, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { failures, meter, submit, totals, waiting } from '../support/usage.ts';

let server: TestServer;
let acme: Made;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
  acme = await account(server);
});
afterAll(() => server.close());

const TS = '2024-03-05T10:00:00Z';
const FIELDS = { dataFields: [{ category: 'MEASURE', code: 'qty' }] };

async function stored(ctx: Context = server.context): Promise<void> {
  while (await storeNextGroup(ctx));
}

type Failed = { readonly id: string; readonly type: string; readonly resubmittedAt?: string };

async function failed(): Promise<readonly Failed[]> {
  const answer = await server.request('GET', '/measurements/failedIngest');
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as { readonly data: readonly Failed[] }).data;
}

function resubmit(id: string, body: object = {}) {
  return server.request('POST', `/measurements/failedIngest/${id}/resubmit`, body);
}

async function quantity(of: Made): Promise<unknown> {
  return (await totals(server, { meter: of, account: acme, of: ['qty SUM'] }))['qty SUM'] ?? null;
}

describe('a measurement that could not be stored', () => {
  test('counts once when it is submitted again, however often and by how many', async () => {
    const code = freshCode('later');
    const sent = { account: acme['code'], meter: code, ts: TS, measure: { qty: 5 } };
    await submit(server, [sent]);
    await stored();
    const [failure] = await failed();
    expect(failure).toMatchObject({ type: 'UndefinedMeter', measurement: sent });
    const made = await meter(server, { code, ...FIELDS });
    const answers = await Promise.all(Array.from({ length: 6 }, () => resubmit(failure?.id ?? '')));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400, 400]);
    await stored();
    expect(await quantity(made)).toBe(5);
    expect((await failed())[0]).toMatchObject({ id: failure?.id, resubmittedAt: expect.any(String) });
    expect(await resubmit(failure?.id ?? '')).toMatchObject({ status: 400, body: { code: 'ILLEGAL_STATE' } });
  });

  test('can be corrected on the way, and stays when the correction is none', async () => {
    const made = await meter(server, FIELDS);
    const sent = { account: acme['code'], meter: made['code'], ts: TS };
    await submit(server, [sent]);
    await stored();
    const [failure] = await failed();
    expect(failure).toMatchObject({ type: 'MissingField', fields: ['qty'] });
    const wrong = { ...sent, measure: { qty: 'text' } };
    expect(await resubmit(failure?.id ?? '', { measurement: wrong })).toMatchObject({ status: 400 });
    const right = { ...sent, measure: { qty: 3 } };
    expect(await resubmit(failure?.id ?? '', { measurement: right })).toMatchObject({ status: 200 });
    await stored();
    expect(await quantity(made)).toBe(3);
  });

  test('whose uid is stored is refused as it was', async () => {
    const made = await meter(server, FIELDS);
    const sent = { uid: 'twice', account: acme['code'], meter: made['code'], ts: TS, measure: { qty: 1 } };
    await submit(server, [sent, sent]);
    await stored();
    const [failure] = await failed();
    expect(failure?.type).toBe('DuplicateUid');
    expect(await resubmit(failure?.id ?? '')).toMatchObject({ status: 400, body: { code: 'ILLEGAL_STATE' } });
    await stored();
    expect(await quantity(made)).toBe(1);
  });

  test('is not found under another id', async () => {
    expect(await resubmit('00000000-0000-4000-8000-000000000000')).toMatchObject({ status: 404 });
    expect(await resubmit('nonsense')).toMatchObject({ status: 404 });
  });

  test('is listed page by page', async () => {
    const all = await failed();
    const found: string[] = [];
    let path = '/measurements/failedIngest?pageSize=1';
    for (;;) {
      const { body } = await server.request('GET', path);
      const page = body as { readonly data: readonly Failed[]; readonly nextToken?: string };
      found.push(...page.data.map(({ id }) => id));
      if (page.nextToken === undefined) break;
      path = `/measurements/failedIngest?pageSize=1&nextToken=${encodeURIComponent(page.nextToken)}`;
    }
    expect(found).toEqual(all.map(({ id }) => id));
  });
});

describe('a batch that can never be enriched', () => {
  const BROKEN = '{"measurements":"of another age"}';

  async function broken(body: string): Promise<void> {
    await sql`insert into measurement_batch (id, org_id, received_at, source, measurement_count, body)
      values (gen_random_uuid(), ${server.orgId}, now(), 'API', 1, ${body})`.execute(server.context.db);
  }

  test('becomes a failure; those that were taken with it are stored, and uids once', async () => {
    const made = await meter(server, FIELDS);
    const sent = (uid: string, qty: number) => ({
      ...{ uid, account: acme['code'], meter: made['code'], ts: TS, measure: { qty } },
    });
    await submit(server, [sent('b1', 1)]);
    await broken(BROKEN);
    await submit(server, [sent('b2', 2), sent('b1', 100)]);
    const before = (await failures(server)).length;
    await expect(storeNextGroup(server.context)).rejects.toThrow();
    for (let round = 0; round < 12 && (await waiting(server)) > 0; round += 1) {
      await finishUnfinishedGroups(server.context);
    }
    expect(await waiting(server)).toBe(0);
    expect(await quantity(made)).toBe(3);
    const types = (await failures(server)).slice(before).map(({ type }) => type);
    expect(types.sort()).toEqual(['DuplicateUid', 'InvalidMeasurement']);
  });

  test('loses only the measurement that is at fault', async () => {
    const made = await meter(server, FIELDS);
    const one = (qty: number) =>
      `{"account":"${acme['code']}","meter":"${made['code']}","ts":"${TS}","measure":{"qty":${qty}}}`;
    await broken(`{"measurements":[${one(1)},{"meter":"m"},${one(4)}]}`);
    await expect(storeNextGroup(server.context)).rejects.toThrow();
    for (let round = 0; round < 12 && (await waiting(server)) > 0; round += 1) {
      await finishUnfinishedGroups(server.context);
    }
    expect(await waiting(server)).toBe(0);
    expect(await quantity(made)).toBe(5);
    expect((await failed())[0]).toMatchObject({ type: 'InvalidMeasurement', measurement: { meter: 'm' } });
  });
});
