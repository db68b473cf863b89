import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attach, billText, runJob, theBillOf } from '../support/billing.ts';
import { account, created, freshCode, type Made, product } from '../support/configured.ts';
import { answerTo, type Question } from '../support/questions.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';
import { ingest, meter, type Sent, usage } from '../support/usage.ts';

let server: TestServer;
let acme: Made;
beforeAll(async () => {
  server = await startTestServer();
  acme = await account(server, { code: 'acme' });
});
afterAll(() => server.close());

/** A meter of one number `v` and the text fields, and a sender of its measurements. */
async function measured(texts: readonly string[] = []) {
  const made = await meter(server, {
    dataFields: [
      { category: 'MEASURE', code: 'v' },
      ...texts.map((code) => ({ category: 'WHERE', code })),
      { category: 'METADATA', code: 'who' },
    ],
  });
  const sent = (ts: string, v: number, rest: Sent = {}): Sent => ({
    ...{ meter: made['code'], account: 'acme', ts, measure: { v }, metadata: { who: 'x' } },
    ...rest,
  });
  return { meter: made, sent };
}

function months(made: Made) {
  const ask =
    (start: string, end: string) =>
    (method: Question['method'], target = 'v') =>
      answerTo(server, { meter: made, method, target, start, end, accountIds: [acme.id] });
  return {
    march: ask('2024-03-01T00:00:00Z', '2024-04-01T00:00:00Z'),
    april: ask('2024-04-01T00:00:00Z', '2024-05-01T00:00:00Z'),
    may: ask('2024-05-01T00:00:00Z', '2024-06-01T00:00:00Z'),
  };
}

describe('a period', () => {
  test('begins with its first moment, ends before its last, and sees what comes late', async () => {
    const { meter: made, sent } = await measured();
    await ingest(server, [
      sent('2024-03-01T00:00:00Z', 10),
      sent('2024-03-31T23:59:59.999Z', 4, { ets: '2024-04-02T00:00:00Z' }),
      sent('2024-04-01T00:00:00Z', 7),
      sent('2024-02-29T23:59:59.999Z', 1000),
    ]);
    const { march, april, may } = months(made);
    expect(await march('SUM')).toEqual({ all: '14' });
    await ingest(server, [sent('2024-03-10T00:00:00Z', -3)]);
    expect(await march('SUM')).toEqual({ all: '11' });
    expect(await march('COUNT')).toEqual({ all: '3' });
    expect(await march('MIN')).toEqual({ all: '-3' });
    expect(await march('MAX')).toEqual({ all: '10' });
    expect(await march('LATEST')).toEqual({ all: '4' });
    // 11 / 3 at 34 digits.
    expect(await march('MEAN')).toEqual({ all: '3.666666666666666666666666666666667' });
    expect(await april('SUM')).toEqual({ all: '7' });
    for (const method of ['SUM', 'LATEST', 'COUNT', 'MEAN'] as const) expect(await may(method)).toEqual({});
    expect(await may('UNIQUE', 'who')).toEqual({});
  });

  test('keeps to the millisecond when its bounds are finer', async () => {
    const { meter: made, sent } = await measured();
    await ingest(server, [sent('2024-03-01T00:00:00.000Z', 1), sent('2024-03-01T00:00:00.001Z', 2)]);
    const sum = (start: string, end: string) =>
      answerTo(server, { meter: made, method: 'SUM', target: 'v', start, end, accountIds: [acme.id] });
    expect(await sum('2024-03-01T00:00:00.0005Z', '2024-03-01T00:00:00.0015Z')).toEqual({ all: '2' });
    expect(await sum('2024-03-01T00:00:00.000Z', '2024-03-01T00:00:00.0005Z')).toEqual({ all: '1' });
  });
});

test('a question about no account has no answer', async () => {
  const { meter: made } = await measured();
  expect(await answerTo(server, { meter: made, method: 'COUNT', target: 'v', accountIds: [] })).toEqual({});
});

describe('the methods', () => {
  test('LATEST takes the greatest ts, then the later receipt, then the later place', async () => {
    const { meter: made, sent } = await measured();
    const { march } = months(made);
    const tie = '2024-03-10T10:00:00Z';
    await ingest(server, [sent(tie, 3), sent(tie, 1), sent('2024-03-09T10:00:00Z', 99)]);
    expect(await march('LATEST')).toEqual({ all: '1' });
    await ingest(server, [sent(tie, 2), sent('2024-03-01T00:00:00Z', 98)]);
    expect(await march('LATEST')).toEqual({ all: '2' });
  });

  test('UNIQUE tells apart letter case, spaces and the empty text', async () => {
    const { meter: made, sent } = await measured();
    const people = ['ann', 'Ann', 'ann ', 'ann', '', 'bob', 'bob'];
    await ingest(
      server,
      people.map((who) => sent('2024-03-10T10:00:00Z', 1, { metadata: { who } })),
    );
    expect(await months(made).march('UNIQUE', 'who')).toEqual({ all: '5' });
  });

  test('see nothing of measurements whose derived target failed', async () => {
    const made = await meter(server, {
      dataFields: [{ category: 'MEASURE', code: 'v' }],
      derivedFields: [{ category: 'MEASURE', code: 'inverse', calculation: '1 / v' }],
    });
    const sent = (v: number) => ({
      meter: made['code'],
      account: 'acme',
      ts: '2024-03-10T10:00:00Z',
      measure: { v },
    });
    const { march } = months(made);
    await ingest(server, [sent(0)]);
    expect(await march('COUNT', 'inverse')).toEqual({});
    expect(await march('MIN', 'inverse')).toEqual({});
    await ingest(server, [sent(4), sent(-2)]);
    expect(await march('COUNT', 'inverse')).toEqual({ all: '2' });
    expect(await march('MEAN', 'inverse')).toEqual({ all: '-0.125' });
  });
});

describe('segments', () => {
  const FIELDS = ['region', 'tier'];
  const of = (region: string, tier: string) => ({ region, tier });

  async function sums(values: readonly (readonly [string, string, number])[], segments: readonly object[]) {
    const { meter: made, sent } = await measured(FIELDS);
    await ingest(
      server,
      values.map(([region, tier, v]) => sent('2024-03-10T10:00:00Z', v, { where: { region, tier } })),
    );
    return answerTo(server, {
      ...{ meter: made, method: 'SUM', target: 'v', accountIds: [acme.id] },
      ...{ segmentedFields: FIELDS, segments: segments as Question['segments'] & object },
    });
  }

  test('with wildcards take what no closer one takes', async () => {
    const values = [
      ['eu', 'gold', 5],
      ['eu', 'silver', 3],
      ['us', 'gold', 2],
      ['us', 'silver', 1],
    ] as const;
    const segments = [of('*', '*'), of('*', 'gold'), of('eu', '*'), of('eu', 'gold')];
    expect(await sums(values, segments)).toEqual({ 'eu/gold': '5', 'eu/*': '3', '*/gold': '2', '*/*': '1' });
    // On a tie of wildcards the first field decides; what matches no segment counts nowhere.
    expect(await sums(values, [of('*', 'gold'), of('eu', '*')])).toEqual({ '*/gold': '2', 'eu/*': '8' });
    expect(await sums(values, [of('eu', 'gold'), of('EU', 'silver')])).toEqual({ 'eu/gold': '5' });
  });

  test('compare values as they are', async () => {
    const odd = ["it's", 'a\\b', '=', '', 'tab\t', '\u0001', '*'];
    const values = odd.map((region, index) => [region, 'x', 2 ** index] as const);
    const exact = odd.filter((region) => region !== '*');
    const found = await sums(values, [...exact.map((region) => of(region, 'x')), of('*', 'x')]);
    // The text `*` itself is no value that a segment can name: it falls to the wildcard.
    expect(found).toEqual(
      Object.fromEntries(odd.map((region, index) => [`${region}/x`, String(2 ** index)])),
    );
  });

  test('keep the values of several fields apart', async () => {
    const [one, two] = [of('a\u0001=b', 'c'), of('a', 'b\u0001=c')];
    const values = [one, two].map(({ region, tier }, index) => [region, tier, index + 1] as const);
    expect(await sums(values, [one, two])).toEqual({ 'a\u0001=b/c': '1', 'a/b\u0001=c': '2' });
  });

  test('a derived text that has no value matches a wildcard only', async () => {
    const made = await meter(server, {
      dataFields: [{ category: 'MEASURE', code: 'v' }],
      derivedFields: [{ category: 'OTHER', code: 'sign', calculation: 'v > 0 ? "plus" : null' }],
    });
    const row = { meter: made['code'], account: 'acme', ts: '2024-03-10T10:00:00Z' };
    await ingest(server, [
      { ...row, measure: { v: 5 } },
      { ...row, measure: { v: -3 } },
    ]);
    const ask = (segments: readonly { sign: string }[]) =>
      answerTo(server, {
        ...{ meter: made, method: 'SUM', target: 'v', accountIds: [acme.id] },
        ...{ segmentedFields: ['sign'], segments },
      });
    expect(await ask([{ sign: 'plus' }, { sign: '' }])).toEqual({ plus: '5' });
    expect(await ask([{ sign: 'plus' }, { sign: '*' }])).toEqual({ plus: '5', '*': '-3' });
  });
});

test('a contract counts only what passes its filters', async () => {
  const { meter: made, sent } = await measured(['region', 'tier']);
  const rows = [
    ['eu', 'gold', 1],
    ['us', 'gold', 2],
    ['eu', 'silver', 4],
    ['asia', 'silver', 8],
  ] as const;
  await ingest(
    server,
    rows.map(([region, tier, v]) => sent('2024-03-10T10:00:00Z', v, { where: { region, tier } })),
  );
  const sum = async (...filters: readonly [string, string, 'INCLUDE' | 'EXCLUDE'][]) => {
    const answer = await answerTo(server, {
      ...{ meter: made, method: 'SUM', target: 'v', accountIds: [acme.id] },
      filters: filters.map(([dimensionCode, value, mode]) => ({ dimensionCode, value, mode })),
    });
    return answer['all'];
  };
  expect(await sum(['region', 'eu', 'INCLUDE'], ['region', 'us', 'INCLUDE'])).toBe('7');
  expect(await sum(['region', 'eu', 'INCLUDE'], ['tier', 'gold', 'INCLUDE'])).toBe('1');
  expect(await sum(['region', 'eu', 'EXCLUDE'], ['tier', 'gold', 'EXCLUDE'])).toBe('8');
  expect(await sum(['planet', 'mars', 'EXCLUDE'])).toBe('15');
  expect(await sum(['planet', 'mars', 'INCLUDE'])).toBeUndefined();
});

describe('a month without usage', () => {
  test.each([
    ['no line', undefined, ['TOTAL 0.00']],
    // 7 / 2 rounded up are 4 units at 1 each.
    ['the default, in units', 7, ['USAGE 2024-05-01 → 2024-06-01 4 u 4.00', 'TOTAL 4.00']],
  ])('is billed with %s', async (_name, defaultValue, lines) => {
    const { id: productId } = await product(server);
    const made = await meter(server, { dataFields: [{ category: 'MEASURE', code: 'v' }] });
    const { id: aggregationId } = await created(server, '/aggregations', {
      ...{ name: 'V', meterId: made.id, targetField: 'v', aggregation: 'LATEST', unit: 'v' },
      ...{ quantityPerUnit: 2, rounding: 'UP', ...(defaultValue !== undefined && { defaultValue }) },
    });
    const { id: planTemplateId } = await created(server, '/plantemplates', {
      ...{ name: 'Monthly', currency: 'USD', standingCharge: 0, billFrequency: 'MONTHLY', productId },
    });
    const plan = await created(server, '/plans', { planTemplateId, name: 'Pro', code: freshCode('plan') });
    await created(server, '/pricings', {
      ...{ planId: plan.id, aggregationId, startDate: '2020-01-01T00:00:00Z', cumulative: true },
      pricingBands: [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 1 }],
    });
    const owner = await account(server);
    await attach(server, owner, plan);
    // Nothing is carried over from April.
    await ingest(server, [
      { meter: made['code'], account: owner['code'], ts: '2024-04-30T23:59:59Z', measure: { v: 50 } },
    ]);
    await runJob(server, {
      ...{ lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY', accountIds: [owner.id] },
    });
    expect(billText(await theBillOf(server, owner))).toBe(lines.join('\n'));
  });
});

test('a usage query groups by day and account, newest day first', async () => {
  const made = await meter(server, { code: 'grouped', dataFields: [{ category: 'MEASURE', code: 'qty' }] });
  const row = (code: string, ts: string, qty: number) => ({
    meter: 'grouped',
    account: code,
    ts,
    measure: { qty },
  });
  await ingest(server, [
    row('acme', '2024-03-04T12:00:00Z', 3),
    row('acme', '2024-03-05T00:00:00Z', 5),
    row('bolt', '2024-03-05T23:59:59.999Z', 2),
  ]);
  const query = {
    ...{ startDate: '2024-03-01T00:00:00Z', endDate: '2024-04-01T00:00:00Z' },
    aggregations: [{ meterId: made.id, fieldCode: 'qty', fieldType: 'MEASURE', function: 'SUM' }],
    groups: [{ groupType: 'ACCOUNT' }, { groupType: 'TIME', frequency: 'DAY' }],
  };
  const shown = (rows: readonly Record<string, unknown>[]) =>
    rows.map(
      (item) => `${String(item['startDate']).slice(0, 10)} ${item['accountCode']} ${item['grouped.qty.SUM']}`,
    );
  const all = ['2024-03-05 acme 5', '2024-03-05 bolt 2', '2024-03-04 acme 3'];
  expect(shown(await usage(server, query))).toEqual(all);
  const { body } = await server.request('POST', '/usage/query', { ...query, limit: 2 });
  const cut = body as { data: Record<string, unknown>[]; hasMoreData: boolean };
  expect([shown(cut.data), cut.hasMoreData]).toEqual([all.slice(0, 2), true]);
});
