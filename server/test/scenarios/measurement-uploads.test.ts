import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { awaitMeasurementUpload } from '../../src/areas/usage/await-measurement-upload.ts';
import { readMeasurementUpload } from '../../src/areas/usage/read-measurement-upload.ts';
import type { Context } from '../../src/context.ts';
import { eventually } from '../support/billing.ts';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { emptied, failures, meter, totals } from '../support/usage.ts';

let server: TestServer;
let bytes: Made;
let acme: Made;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  bytes = await meter(server, {
    dataFields: [
      { category: 'MEASURE', code: 'bytes' },
      { category: 'WHO', code: 'user' },
    ],
  });
  acme = await account(server);
});

type Job = {
  readonly id: string;
  readonly status: string;
  readonly totalRows: number;
  readonly processedRows: number;
  readonly failedRows: number;
  readonly failureReason?: string;
};
type Link = { readonly jobId: string; readonly url: string; readonly headers: Record<string, string> };

function row(value: number | string, more: object = {}): string {
  const base = {
    meter: bytes['code'],
    account: acme['code'],
    ts: '2024-03-05T10:00:00Z',
    who: { user: 'u' },
  };
  return `${JSON.stringify({ ...base, ...more }).slice(0, -1)},"measure":{"bytes":${value}}}`;
}

async function linkFor(content: string, fileName = 'usage.json'): Promise<Link> {
  const body = { fileName, contentType: 'application/json', contentLength: Buffer.byteLength(content) };
  const answer = await server.request('POST', '/fileuploads/measurements/generateUploadUrl', body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as Link;
}

function put({ url, headers }: Link, content: string) {
  return server.raw('PUT', new URL(url).pathname, { headers, body: content });
}

async function job(id: string): Promise<Job> {
  return (await server.request('GET', `/fileuploads/measurements/jobs/${id}`)).body as Job;
}

async function uploaded(content: string, fileName?: string): Promise<Job> {
  const link = await linkFor(content, fileName);
  expect(await put(link, content)).toMatchObject({ status: 200 });
  return eventually('the upload to end', async () => {
    const found = await job(link.jobId);
    return ['failed', 'succeeded'].includes(found.status) ? found : null;
  });
}

function sum(): Promise<unknown> {
  return totals(server, { meter: bytes, account: acme, of: ['bytes SUM', 'bytes COUNT'] });
}

describe('a file is read', () => {
  test.each<[name: string, content: () => string, fileName?: string]>([
    ['a JSON array', () => `[${row(1)},\n ${row(2)}]`],
    ['a JSON array under measurements', () => `{ "measurements" : [${row(1)},${row(2)}] }\n`],
    ['a JSON array behind a byte order mark', () => `\ufeff[${row(1)},${row(2)}]`],
    ['JSON Lines', () => `${row(1)}\n\n${row(2)}\r\n`],
    [
      'CSV',
      () =>
        `meter,account,ts,who.user,measure.bytes\n${['1', '2.0']
          .map((value) => `${bytes['code']},${acme['code']},2024-03-05T10:00:00Z,"u, v",${value}`)
          .join('\r\n')}`,
      'usage.csv',
    ],
  ])('%s', async (_, content, fileName) => {
    expect(await uploaded(content(), fileName)).toMatchObject({
      ...{ status: 'succeeded', totalRows: 2, processedRows: 2, failedRows: 0 },
    });
    expect(await sum()).toEqual({ 'bytes SUM': 3, 'bytes COUNT': 2 });
  });

  test('an empty array has no rows', async () => {
    expect(await uploaded(' [ ] ')).toMatchObject({ status: 'succeeded', totalRows: 0 });
  });

  test('one object is a row in a file of JSON Lines only', async () => {
    expect(await uploaded(row(4), 'one.jsonl')).toMatchObject({ status: 'succeeded', totalRows: 1 });
    expect(await uploaded(row(4))).toMatchObject({ status: 'failed', totalRows: 0 });
  });

  test('digits are kept', async () => {
    await uploaded(`[${row('123456789012345678901234567890.1234')}]`);
    const answer = await server.raw('POST', `/organizations/${server.orgId}/usage/query`, {
      headers: { authorization: server.authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ timePeriod: 'YESTERDAY', accountIds: [acme.id] }),
    });
    expect(answer).toMatchObject({ status: 200, body: { data: [] } });
    const [found] = (await rawRows()) as { bytes: unknown }[];
    expect(String(found?.bytes)).toMatch(/^1\.23456789012345.*e\+29$/);
  });

  async function rawRows(): Promise<unknown> {
    const span = { startDate: '2024-01-01T00:00:00Z', endDate: '2025-01-01T00:00:00Z' };
    const answer = await server.request('POST', '/usage/query', { ...span, accountIds: [acme.id] });
    return (answer.body as { readonly data: unknown }).data;
  }
});

describe('a file that cannot be used fails', () => {
  test.each([
    ['that is no JSON', 'hello'],
    ['that is another document', '{"x":1}'],
    ['that is a document over several lines', '{\n"x":1\n}\n'],
    ['whose array does not end', '[{"x":1},{"x":2}'],
    ['with a comma too much', '[{"x":1},]'],
    ['with brackets that do not match', '[{"x":1}}]'],
    ['with something behind its array', '[{"x":1}] 2'],
    ['with a row that is no JSON', '[{"x":1},{x:2}]'],
    ['of CSV with an unknown column', 'meter,account,ts,price\na,b,c,1'],
    ['of nothing but spaces', '   '],
  ])('%s', async (_, content) => {
    expect(await uploaded(content)).toMatchObject({ status: 'failed', failureReason: expect.any(String) });
  });
});

test('rows fail by themselves, each with an event that names its row', async () => {
  const rows = [
    row(1, { uid: `a-${acme.id}` }),
    '{"meter":"m"}',
    row('"text"'),
    row(2, { uid: `a-${acme.id}` }),
    row(4, { ts: '2999-01-01T00:00:00Z' }),
    row('1e999'),
    row(8, { meter: 'nobody-knows' }),
    row(16, { what: { note: '\\ud800' } }).replace('\\\\ud800', '\\ud800'),
    '[]',
    row(32),
  ];
  const before = (await failures(server)).length;
  expect(await uploaded(`[${rows.join(',')}]`)).toMatchObject({
    ...{ status: 'succeeded', totalRows: 10, processedRows: 10, failedRows: 8 },
  });
  expect(await sum()).toEqual({ 'bytes SUM': 33, 'bytes COUNT': 2 });
  const events = (await failures(server)).slice(before) as unknown as { row: number; type: string }[];
  const found = events
    .map(({ row: number, type }) => [number, type])
    .sort((a, b) => Number(a[0]) - Number(b[0]));
  expect(found).toEqual([
    [2, 'MissingField'],
    [3, 'InvalidMeasurement'],
    [4, 'DuplicateUid'],
    [5, 'InvalidMeasurement'],
    [6, 'InvalidMeasurement'],
    [7, 'UndefinedMeter'],
    [8, 'InvalidMeasurement'],
    [9, 'InvalidMeasurement'],
  ]);
});

describe('a link', () => {
  test('takes one file of the announced length, and no other', async () => {
    const link = await linkFor('[]');
    expect(await put(link, '[ ]')).toMatchObject({ status: 403 });
    expect(await job(link.jobId)).toMatchObject({ status: 'notUploaded', version: 1 });
    expect(await put(link, '[]')).toMatchObject({ status: 200 });
    expect(await put(link, '[]')).toMatchObject({ status: 403 });
  });

  test.each([
    ['no length', { fileName: 'a', contentType: 'application/json' }],
    ['a length over a gibibyte', { fileName: 'a', contentType: 'text/json', contentLength: 1_073_741_825 }],
    ['another type', { fileName: 'a', contentType: 'text/csv', contentLength: 1 }],
    ['a long name', { fileName: 'a'.repeat(101), contentType: 'text/json', contentLength: 1 }],
  ])('is refused with %s', async (_, body) => {
    const answer = await server.request('POST', '/fileuploads/measurements/generateUploadUrl', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
  });

  test('leads back to the original file', async () => {
    const content = `[${row(1)}]`;
    const { id } = await uploaded(content);
    const answer = await server.request('GET', `/fileuploads/measurements/jobs/${id}/original`);
    const { url, jobId } = answer.body as Link;
    expect(jobId).toBe(id);
    const file = await server.raw('GET', new URL(url).pathname);
    expect(JSON.stringify(file.body)).toBe(JSON.stringify(JSON.parse(content)));
  });
});

test('jobs are listed, newest first, from and to a moment', async () => {
  const [first, second] = [await linkFor('[]'), await linkFor('[]')];
  const list = async (query: string) => {
    const answer = await server.request('GET', `/fileuploads/measurements/jobs?${query}`);
    expect(answer).toMatchObject({ status: 200 });
    return (answer.body as { data: Job[] }).data.map(({ id }) => id);
  };
  expect(await list('pageSize=2&fileKey=ignored')).toEqual([second.jobId, first.jobId]);
  expect(await list('dateCreatedStart=2999-01-01T00:00:00Z')).toEqual([]);
  expect(await list('dateCreatedEnd=2020-01-01T00:00:00Z')).toEqual([]);
  expect(await server.request('GET', '/fileuploads/measurements/jobs?pageSize=101')).toMatchObject({
    status: 400,
  });
});

describe('a reader that dies', () => {
  test('leaves the file to another, which goes on behind what was taken', async () => {
    const worker = await startTestServer({ role: 'api' });
    const [own, ownAcme, ownBytes] = [server, acme, bytes];
    try {
      server = worker;
      bytes = await meter(server, {
        dataFields: [
          { category: 'MEASURE', code: 'bytes' },
          { category: 'WHO', code: 'user' },
        ],
      });
      acme = await account(server);
      const content = `[${Array.from({ length: 2500 }, (_, i) => row(i)).join(',')}]`;
      const { jobId: id, url, headers } = await linkFor(content);
      await server.raw('PUT', new URL(url).pathname, { headers, body: content });
      const key = { orgId: server.orgId, id };
      await awaitMeasurementUpload.run(server.context, key);
      for (let writes = 1; writes < 4; writes += 1) {
        await readMeasurementUpload.run(dyingAfter(server.context, writes), key).catch(() => {});
      }
      await Promise.all([1, 2].map(() => readMeasurementUpload.run(server.context, key)));
      expect(await job(id)).toMatchObject({ totalRows: 2500, status: 'running' });
      const { storeNextGroup } = await import('../../src/areas/usage/store-group.ts');
      while (await storeNextGroup(server.context));
      await emptied(server);
      expect(await job(id)).toMatchObject({ status: 'succeeded', processedRows: 2500, failedRows: 0 });
      // 0 + 1 + … + 2499 = 2500 · 2499 / 2.
      expect(await sum()).toEqual({ 'bytes SUM': 3_123_750, 'bytes COUNT': 2500 });
    } finally {
      [server, acme, bytes] = [own, ownAcme, ownBytes];
      await worker.close();
    }
  });

  /** A context whose database gives up after so many transactions. */
  function dyingAfter(ctx: Context, writes: number): Context {
    let left = writes;
    const transaction = () => {
      left -= 1;
      if (left < 0) throw new Error('the process died');
      return ctx.db.transaction();
    };
    const db = new Proxy(ctx.db, {
      get: (target, name, receiver) =>
        name === 'transaction' ? transaction : Reflect.get(target, name, receiver),
    });
    return { ...ctx, db };
  }
});
