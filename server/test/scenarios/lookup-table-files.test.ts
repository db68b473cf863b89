import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/billing.ts';
import { created, freshCode, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let table: Made;
let revision: Made;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

const SHAPE = {
  fields: [
    { name: 'cur', type: 'STRING' },
    { name: 'rate', type: 'NUMBER' },
  ],
  keys: ['cur'],
};

beforeEach(async () => {
  table = await created(server, '/lookuptables', { name: 'Rates', code: freshCode('rates') });
  revision = await created(server, `/lookuptables/${table.id}/revisions`, { name: 'May', ...SHAPE });
});

function pathOf(of: Made = revision): string {
  return `/lookuptables/${table.id}/revisions/${of.id}/data`;
}

async function items(of: Made = revision): Promise<readonly object[]> {
  return ((await server.request('GET', pathOf(of))).body as { items: object[] }).items;
}

async function put(rows: readonly object[]): Promise<void> {
  expect(await server.request('PUT', pathOf(), { items: rows })).toMatchObject({ status: 200 });
}

type Job = Made & { readonly status: string; readonly downloadUrl?: string; readonly failureReason?: string };

function ended(id: string): Promise<Job> {
  return eventually('the job to end', async () => {
    const { body } = await server.request('GET', `${pathOf()}/jobs/${id}`);
    return (body as Job).status === 'PENDING' ? null : (body as Job);
  });
}

async function uploaded(content: string, contentType: string, version?: number): Promise<Job> {
  const body = { fileName: 'rates', contentType, contentLength: Buffer.byteLength(content), version };
  const answer = await server.request('POST', `${pathOf()}/generateuploadurl`, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  const { jobId, url, headers } = answer.body as {
    jobId: string;
    url: string;
    headers: Record<string, string>;
  };
  const sent = await server.raw('PUT', new URL(url).pathname, { headers, body: content });
  expect(sent).toMatchObject({ status: 200 });
  return ended(jobId);
}

describe('an uploaded file', () => {
  test.each([
    ['text/csv', 'cur,rate\r\nEUR,1.10\r\n"G,B",0.123456789012345678901234567\r\n'],
    ['application/jsonl', '{"cur":"EUR","rate":1.10}\n\n{"cur":"G,B","rate":0.123456789012345678901234567}'],
  ])('of %s adds rows and replaces those of the same keys', async (contentType, content) => {
    await put([
      { cur: 'EUR', rate: 9 },
      { cur: 'USD', rate: 1 },
    ]);
    expect(await uploaded(content, contentType, 1)).toMatchObject({ type: 'UPLOAD', status: 'SUCCEEDED' });
    expect(await items()).toEqual([
      { cur: 'EUR', rate: 1.1 },
      { cur: 'G,B', rate: 0.12345678901234568 },
      { cur: 'USD', rate: 1 },
    ]);
    const link = await server.request('POST', `${pathOf()}/jobs/download`, { contentType: 'text/csv' });
    const { downloadUrl } = await ended((link.body as { jobId: string }).jobId);
    const file = await server.raw('GET', new URL(downloadUrl ?? '').pathname);
    expect(file.body).toBe('cur,rate\nEUR,1.1\n"G,B",0.123456789012345678901234567\nUSD,1\n');
  });

  test.each([
    ['a row without a field', '{"cur":"A","rate":1}\n{"cur":"B"}', 'application/jsonl', /row 2\.rate/],
    ['a field too much', 'cur,rate,x\nA,1,2', 'text/csv', /row 2\.x/],
    ['a number that is none', 'cur,rate\nA,1\nB,one', 'text/csv', /row 3\.rate/],
    ['a line that is no JSON', '{"cur":"A","rate":1}\n{', 'application/jsonl', /line 2/],
    ['no header', '\n', 'text/csv', /header/],
  ])('with %s changes nothing', async (_, content, contentType, reason) => {
    await put([{ cur: 'USD', rate: 1 }]);
    const job = await uploaded(content, contentType);
    expect(job).toMatchObject({ status: 'FAILED', failureReason: expect.stringMatching(reason) });
    expect(await items()).toEqual([{ cur: 'USD', rate: 1 }]);
  });

  test('needs the version of the rows that it names', async () => {
    const body = { fileName: 'a', contentType: 'text/csv', contentLength: 3, version: 7 };
    const answer = await server.request('POST', `${pathOf()}/generateuploadurl`, body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'VERSION_MISMATCH' } });
  });
});

describe('a copy', () => {
  test('goes to a new draft of the same shape', async () => {
    await put([{ cur: 'EUR', rate: 2 }]);
    const answer = await server.request('POST', `${pathOf()}/copy`, {});
    const { jobId, revisionId } = answer.body as { jobId: string; revisionId: string };
    expect(await ended(jobId)).toMatchObject({
      ...{ type: 'COPY', status: 'SUCCEEDED', destinationLookupTableRevisionId: revisionId },
    });
    const copy = await server.request('GET', `/lookuptables/${table.id}/revisions/${revisionId}`);
    expect(copy).toMatchObject({ body: { name: 'May Copy', status: 'DRAFT', itemCount: 1, ...SHAPE } });
  });

  test.each([
    [
      'of another shape',
      { fields: [...SHAPE.fields, { name: 'note', type: 'STRING' }] },
      'VALIDATION_FAILED',
    ],
    ['that does not exist', null, 'REFERENCE_NOT_FOUND'],
  ])('to a revision %s is refused', async (_, change, code) => {
    const other = change
      ? await created(server, `/lookuptables/${table.id}/revisions`, { name: 'June', ...SHAPE, ...change })
      : { id: '00000000-0000-4000-8000-000000000000' };
    const answer = await server.request('POST', `${pathOf()}/copy`, { revisionId: other.id });
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });
});

test('an archived revision has its rows in a file, and a job that tells', async () => {
  await put([{ cur: 'EUR', rate: 2 }]);
  const body = { contentType: 'application/jsonl' };
  expect(await server.request('POST', `${pathOf()}/archived`, body)).toMatchObject({ status: 400 });
  const path = `/lookuptables/${table.id}/revisions/${revision.id}/status`;
  expect(await server.request('PUT', path, { status: 'ARCHIVED', version: 1 })).toMatchObject({
    status: 200,
  });
  const { url } = await eventually('the file', async () => {
    const answer = await server.request('POST', `${pathOf()}/archived`, body);
    return answer.status === 200 ? (answer.body as { url: string }) : null;
  });
  const file = await server.raw('GET', new URL(url).pathname);
  expect(file.body).toEqual({ cur: 'EUR', rate: 2 });
  const jobs = (await server.request('GET', `${pathOf()}/jobs`)).body as { data: Job[] };
  expect(jobs.data).toMatchObject([{ type: 'ARCHIVE', lookupTableId: table.id }]);
});

test('a job that is deleted goes with its file', async () => {
  const link = await server.request('POST', `${pathOf()}/jobs/download`, { contentType: 'text/csv' });
  const { jobId } = link.body as { jobId: string };
  const { downloadUrl } = await ended(jobId);
  expect(await server.request('DELETE', `${pathOf()}/jobs/${jobId}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', `${pathOf()}/jobs/${jobId}`)).toMatchObject({ status: 404 });
  expect(await server.raw('GET', new URL(downloadUrl ?? '').pathname)).toMatchObject({ status: 404 });
});
