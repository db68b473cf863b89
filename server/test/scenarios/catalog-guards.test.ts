import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestServer, type TestServer } from '../support/stores.ts';

type Entity = Record<string, unknown> & { id: string; version: number };

let server: TestServer;
let serial = 0;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

function unique(prefix: string): string {
  serial += 1;
  return `${prefix}_${serial}`;
}

async function create(path: string, body: object): Promise<Entity> {
  const answer = await server.request('POST', path, body);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return answer.body as Entity;
}

/** Puts the entity back with changes; the fields that it answers are the body. */
async function put(path: string, entity: Entity, changes: object) {
  return server.request('PUT', `${path}/${entity.id}`, { ...entity, ...changes });
}

const QTY = { category: 'MEASURE', code: 'qty', name: 'Quantity', unit: 'items' };
const REGION = { category: 'WHERE', code: 'region', name: 'Region' };
const DOUBLED = { ...QTY, code: 'doubled', calculation: 'qty * 2' };

async function newMeter(changes: object = {}): Promise<Entity> {
  const code = unique('meter');
  return create('/meters', { name: code, code, dataFields: [QTY, REGION], derivedFields: [], ...changes });
}

async function newAggregation(changes: object = {}): Promise<Entity> {
  const code = unique('agg');
  const given = {
    name: code,
    code,
    targetField: 'qty',
    aggregation: 'SUM',
    quantityPerUnit: 1,
    unit: 'item',
  };
  const meterId = 'meterId' in changes ? {} : { meterId: (await newMeter()).id };
  return create('/aggregations', { ...given, ...meterId, ...changes });
}

async function newCompound(calculation: string, changes: object = {}): Promise<Entity> {
  const code = unique('compound');
  return create('/compoundaggregations', {
    name: code,
    code,
    calculation,
    quantityPerUnit: 1,
    unit: 'item',
    ...changes,
  });
}

async function newProduct(): Promise<string> {
  return (await create('/products', { name: 'Product', code: unique('product') })).id;
}

async function newPricing(metric: object, productId?: string): Promise<Entity> {
  const code = unique('pricing');
  const template = await create('/plantemplates', {
    name: code,
    productId: productId ?? (await newProduct()),
    currency: 'USD',
    standingCharge: 0,
    billFrequency: 'MONTHLY',
  });
  const plan = await create('/plans', { name: code, code, planTemplateId: template.id });
  return create('/pricings', {
    planId: plan.id,
    startDate: '2024-01-01T00:00:00Z',
    pricingBands: [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 1 }],
    ...metric,
  });
}

describe('a meter', () => {
  test.each([
    ['goes without a field that is aggregated', { dataFields: [REGION] }],
    ['gives an aggregated field a text category', { dataFields: [{ ...QTY, category: 'WHO' }, REGION] }],
  ])('that %s is refused', async (_, changes) => {
    const meter = await newMeter();
    await newAggregation({ meterId: meter.id });
    expect(await put('/meters', meter, changes)).toMatchObject({
      status: 400,
      body: { code: 'BREAKS_CONFIGURATION' },
    });
  });

  test('that goes without a field which a remaining calculation names is refused', async () => {
    const meter = await newMeter({ derivedFields: [DOUBLED] });
    expect(await put('/meters', meter, { dataFields: [REGION] })).toMatchObject({
      status: 400,
      body: { code: 'BREAKS_CONFIGURATION' },
    });
    expect(await put('/meters', meter, { dataFields: [REGION], derivedFields: [] })).toMatchObject({
      status: 200,
    });
  });

  test('may leave its product and takes its aggregations along', async () => {
    const productId = await newProduct();
    const meter = await newMeter({ productId });
    const aggregation = await newAggregation({ meterId: meter.id });
    const listed = async () => {
      const { body } = await server.request('GET', `/aggregations?productId=${productId}`);
      return (body as { data: Entity[] }).data.map(({ id }) => id);
    };
    expect(await listed()).toEqual([aggregation.id]);
    expect(await put('/meters', meter, { productId: null })).toMatchObject({ status: 200 });
    expect(await listed()).toEqual([]);
  });

  test('uses custom fields of the organization in calculations, once they are there', async () => {
    const derivedFields = [{ ...DOUBLED, calculation: 'qty * customFields.account.discount' }];
    const body = { name: 'M', code: unique('meter'), dataFields: [QTY], derivedFields };
    const refused = await server.request('POST', '/meters', body);
    expect(refused).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    const settings = (await server.request('GET', '/customfields')).body as Entity;
    expect(
      await server.request('PUT', '/customfields', { ...settings, account: { discount: 1 } }),
    ).toMatchObject({
      status: 200,
      body: { version: settings.version + 1, account: { discount: 1 }, plan: {} },
    });
    expect(await server.request('POST', '/meters', body)).toMatchObject({ status: 200 });
  });

  test('loses its group when the group is deleted', async () => {
    const group = await create('/metergroups', { name: 'Storage' });
    const meter = await newMeter({ groupId: group.id });
    expect(await server.request('DELETE', `/metergroups/${group.id}`)).toMatchObject({ status: 200 });
    const { body } = await server.request('GET', `/meters/${meter.id}`);
    expect(body).toMatchObject({ version: 2 });
    expect(body).not.toHaveProperty('groupId');
    const recorded = await server.request('GET', `/events?resourceId=${meter.id}`);
    const [left] = (recorded.body as { data: Entity[] }).data;
    expect(left).toMatchObject({
      eventName: 'configuration.meter.updated',
      m3terEvent: {
        eventData: { oldDto: { version: 1, groupId: group.id }, newDto: { version: 2, code: meter['code'] } },
      },
    });
    const audit = await server.request('GET', `/audit?entityId=${meter.id}`);
    expect((audit.body as { data: Entity[] }).data.map(({ action }) => action)).toEqual([
      'updated',
      'created',
    ]);
  });
});

describe('an aggregation', () => {
  const segmented = { segmentedFields: ['region'], segments: [{ region: 'eu' }, { region: 'us' }] };

  test('with a pricing stays on its meter', async () => {
    const aggregation = await newAggregation();
    await newPricing({ aggregationId: aggregation.id });
    const other = await newMeter();
    expect(await put('/aggregations', aggregation, { meterId: other.id })).toMatchObject({
      status: 400,
      body: { code: 'IMMUTABLE_FIELD' },
    });
    expect(await put('/aggregations', aggregation, { aggregation: 'MAX', quantityPerUnit: 5 })).toMatchObject(
      {
        status: 200,
        body: { aggregation: 'MAX', quantityPerUnit: 5 },
      },
    );
  });

  test('keeps the segments that have a pricing', async () => {
    const aggregation = await newAggregation(segmented);
    await newPricing({ aggregationId: aggregation.id, segment: { region: 'eu' } });
    for (const changes of [{ segments: [{ region: 'us' }] }, { segments: null, segmentedFields: null }]) {
      expect(await put('/aggregations', aggregation, changes)).toMatchObject({
        status: 400,
        body: { code: 'BREAKS_CONFIGURATION' },
      });
    }
    expect(await put('/aggregations', aggregation, { segments: [{ region: 'eu' }] })).toMatchObject({
      status: 200,
    });
  });

  test('keeps the code that a compound aggregation names', async () => {
    const aggregation = await newAggregation();
    const compound = await newCompound(`2 * ${String(aggregation['code'])}`);
    expect(await put('/aggregations', aggregation, { code: unique('other') })).toMatchObject({
      status: 400,
      body: { code: 'BREAKS_CONFIGURATION' },
    });
    expect(await server.request('DELETE', `/aggregations/${aggregation.id}`)).toMatchObject({
      status: 400,
      body: { code: 'ENTITY_IN_USE', message: expect.stringContaining(compound.id) },
    });
    await put('/compoundaggregations', compound, { calculation: '1' });
    expect(await server.request('DELETE', `/aggregations/${aggregation.id}`)).toMatchObject({ status: 200 });
  });

  test('keeps the segments that are priced through a compound aggregation', async () => {
    const aggregation = await newAggregation(segmented);
    const compound = await newCompound(`aggregation.${String(aggregation['code'])}`);
    expect(compound['segments']).toEqual([{ region: 'eu' }, { region: 'us' }]);
    await newPricing({ compoundAggregationId: compound.id, segment: { region: 'us' } });
    expect(await put('/aggregations', aggregation, { segments: [{ region: 'eu' }] })).toMatchObject({
      status: 400,
      body: { code: 'BREAKS_CONFIGURATION' },
    });
  });
});

describe('a compound aggregation', () => {
  const regions = (...names: string[]) => ({
    segmentedFields: ['region'],
    segments: names.map((region) => ({ region })),
  });

  test.each([
    ['one segmented aggregation', [regions('eu', '*')], [{ region: 'eu' }, { region: '*' }]],
    ['a segmented and a plain one', [regions('eu'), {}], [{ region: 'eu' }]],
    [
      'two with segments in common',
      [regions('a', 'b', 'c'), regions('c', 'b')],
      [{ region: 'b' }, { region: 'c' }],
    ],
    ['two without a common segment', [regions('a'), regions('b')], undefined],
    ['no segmented aggregation', [{}], undefined],
  ])('of %s offers the segments that all have', async (_, parts, segments) => {
    const meter = await newMeter();
    const codes = [];
    for (const part of parts) codes.push((await newAggregation({ meterId: meter.id, ...part }))['code']);
    const compound = await newCompound(codes.map((code) => `aggregation.${String(code)}`).join(' + '));
    expect(compound['segments']).toEqual(segments);
    expect(compound).not.toHaveProperty('aggregationCodes');
    expect((await server.request('GET', `/compoundaggregations/${compound.id}`)).body).toEqual(compound);
  });

  test('with a pricing may leave its product but not enter another', async () => {
    const productId = await newProduct();
    const compound = await newCompound('1 + 1', { productId });
    await newPricing({ compoundAggregationId: compound.id }, productId);
    const path = '/compoundaggregations';
    const refused = { status: 400, body: { code: 'IMMUTABLE_FIELD' } };
    expect(await put(path, compound, { productId: await newProduct() })).toMatchObject(refused);
    expect(await put(path, compound, { productId: null })).toMatchObject({ status: 200 });
    expect(await put(path, compound, { productId, version: 2 })).toMatchObject(refused);
  });

  test.each(['nowhere + 1', 'aggregation.nowhere', 'ts', 'customFields.plan.x', 'DateTime.now()', '1 +'])(
    'with the calculation %s is refused',
    async (calculation) => {
      const body = { name: 'C', calculation, quantityPerUnit: 1, unit: 'item' };
      expect(await server.request('POST', '/compoundaggregations', body)).toMatchObject({
        status: 400,
        body: { code: 'VALIDATION_FAILED', errors: [{ field: 'calculation' }] },
      });
    },
  );
});
