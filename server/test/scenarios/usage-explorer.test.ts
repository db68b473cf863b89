import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { ingest, meter } from '../support/usage.ts';

let server: TestServer;
let calls: Made;
let acme: Made;
let bolt: Made;
beforeAll(async () => {
  server = await startTestServer();
  calls = await meter(server, {
    dataFields: [
      { category: 'MEASURE', code: 'qty' },
      { category: 'COST', code: 'fee' },
      { category: 'WHERE', code: 'region' },
      { category: 'METADATA', code: 'note' },
    ],
  });
  acme = await account(server, { code: 'acme' });
  bolt = await account(server, { code: 'bolt' });
  const sent = (of: Made, ts: string, [qty, region]: [number, string]) => ({
    ...{ account: of['code'], meter: calls['code'], ts, measure: { qty }, cost: { fee: 0.1 } },
    ...{ where: { region }, metadata: { note: 'n' } },
  });
  await ingest(server, [
    sent(acme, '2024-03-04T10:00:00Z', [3, 'eu']),
    sent(acme, '2024-03-05T10:00:00Z', [5, 'us']),
    sent(bolt, '2024-03-05T11:00:00Z', [2, 'eu']),
    sent(bolt, '2024-04-01T00:00:00Z', [100, 'eu']),
  ]);
});
afterAll(() => server.close());

const MARCH = { startDate: '2024-03-01T00:00:00Z', endDate: '2024-04-01T00:00:00Z' };

function body(more: object = {}): object {
  const frequency = { aggregationFrequency: 'WHOLE_PERIOD' };
  return { meterCodes: [calls['code']], ...MARCH, ...frequency, measures: [{ name: 'qty' }], ...more };
}

async function explored(more: object = {}) {
  const answer = await server.request('POST', '/dataexplorer/usagedata', body(more));
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as { data: Record<string, unknown>[]; hasMoreData: boolean };
}

test('the whole period is one row', async () => {
  const { data, hasMoreData } = await explored();
  expect(data).toEqual([
    { ...MARCH, meterCode: calls['code'], dimensions: {}, measures: { qty: { SUM: 10 } } },
  ]);
  expect(hasMoreData).toBe(false);
});

test('rows are newest first, then by account and value; the limit cuts', async () => {
  const more = {
    aggregationFrequency: 'DAY',
    dimensions: [
      { name: 'account', filter: ['*'] },
      { name: 'region', filter: ['eu', 'us'] },
    ],
    measures: [{ name: 'qty', aggregations: ['SUM', 'MEAN', 'COUNT'] }],
  };
  const { data } = await explored(more);
  expect(data.map(({ startDate, dimensions }) => [startDate, dimensions])).toEqual([
    ['2024-03-05T00:00:00Z', { account: 'acme', region: 'us' }],
    ['2024-03-05T00:00:00Z', { account: 'bolt', region: 'eu' }],
    ['2024-03-04T00:00:00Z', { account: 'acme', region: 'eu' }],
  ]);
  expect(data[0]).toMatchObject({ measures: { qty: { SUM: 5, MEAN: 5, COUNT: 1 } } });
  const reversed = await explored({ ...more, dimensions: more.dimensions.toReversed() });
  expect(reversed.data.map(({ dimensions }) => dimensions)).toEqual([
    { region: 'us', account: 'acme' },
    { region: 'eu', account: 'bolt' },
    { region: 'eu', account: 'acme' },
  ]);
  expect(await explored({ ...more, limit: 2 })).toMatchObject({ data: { length: 2 }, hasMoreData: true });
});

test('filters keep the accounts and values that they name', async () => {
  const account = await explored({ dimensions: [{ name: 'account', filter: ['bolt', 'nobody'] }] });
  expect(account.data).toMatchObject([{ measures: { qty: { SUM: 2 } } }]);
  const region = await explored({ dimensions: [{ name: 'region', filter: ['eu'] }] });
  expect(region.data).toMatchObject([{ measures: { qty: { SUM: 5 } } }]);
});

test('no name means every numeric field, no code every meter', async () => {
  const { data } = await explored({ meterCodes: [], measures: [{}] });
  expect(data).toMatchObject([{ measures: { qty: { SUM: 10 }, fee: { SUM: 0.3 } } }]);
});

test.each([
  ['csv', `startDate,endDate,meterCode,region,qty.SUM\n`],
  ['json', '['],
])('the rows come as a %s file', async (ending, start) => {
  const more = { dimensions: [{ name: 'region', filter: ['*'] }] };
  const answer = await server.request('POST', `/dataexplorer/usagedata/download/${ending}`, body(more));
  const { downloadUrl } = answer.body as { downloadUrl: string };
  const file = await server.raw('GET', new URL(downloadUrl).pathname);
  const text = typeof file.body === 'string' ? file.body : JSON.stringify(file.body);
  expect(text.startsWith(start)).toBe(true);
  expect(text).toContain('eu');
});

describe('the explorer refuses', () => {
  test.each([
    ['an unknown meter', { meterCodes: ['none'] }, 'REFERENCE_NOT_FOUND'],
    ['a text as a measure', { measures: [{ name: 'region' }] }, 'VALIDATION_FAILED'],
    ['metadata as a dimension', { dimensions: [{ name: 'note', filter: ['*'] }] }, 'VALIDATION_FAILED'],
    ['no measures', { measures: [] }, 'VALIDATION_FAILED'],
    ['custom queries', { measures: [{ aggregations: ['CUSTOM_SQL'] }] }, 'VALIDATION_FAILED'],
    ['an end before its start', { endDate: '2024-01-01T00:00:00Z' }, 'VALIDATION_FAILED'],
    ['a limit that is too high', { limit: 5001 }, 'VALIDATION_FAILED'],
  ])('%s', async (_, more, code) => {
    const answer = await server.request('POST', '/dataexplorer/usagedata', body(more));
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });
});

describe('the values of a dimension', () => {
  const ask = (more: object) =>
    server.request('POST', '/dataexplorer/meterdimensions', { meterCode: calls['code'], ...MARCH, ...more });

  test.each([
    [{ dimensionName: 'region' }, ['eu', 'us']],
    [{ dimensionName: 'region', limit: 1 }, ['eu']],
    [{ dimensionName: 'account' }, ['acme', 'bolt']],
  ])('%j come in order', async (more, values) => {
    const { body: answer } = await ask(more);
    expect(answer).toEqual({
      meterCode: calls['code'],
      dimensionName: more.dimensionName,
      dimensionValues: values.map((dimensionValue) => ({ dimensionValue })),
    });
  });

  test.each([
    [{ dimensionName: 'qty' }],
    [{ dimensionName: 'note' }],
    [{ meterCode: 'x', dimensionName: 'region' }],
  ])('of %j are refused', async (more) => {
    expect(await ask(more)).toMatchObject({ status: 400 });
  });
});

describe('a usage query over a period that moves', () => {
  test('asks for the span as it is now, whatever its dates say', async () => {
    await server.moveTo('2024-03-06T12:00:00Z');
    const sum = { meterId: calls.id, fieldCode: 'qty', fieldType: 'MEASURE', function: 'SUM' };
    const total = async (timePeriod: string) => {
      const dates = { startDate: '2020-01-01T00:00:00Z', endDate: '2019-01-01T00:00:00Z' };
      const query = { timePeriod, ...dates, aggregations: [sum] };
      const { body: answer } = await server.request('POST', '/usage/query', query);
      return (answer as { data: Record<string, unknown>[] }).data[0]?.[`${calls['code']}.qty.SUM`] ?? null;
    };
    expect(await total('YESTERDAY')).toBe(7);
    expect(await total('WEEK_TO_DATE')).toBe(10);
    expect(await total('PREVIOUS_MONTH')).toBe(null);
    expect(await total('TODAY')).toBe(null);
  });
});
