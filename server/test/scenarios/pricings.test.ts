import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { created, freshCode, type Made, plan, planGroup, product } from '../support/configured.ts';
import { events } from '../support/integrations.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

const BANDS = [{ lowerLimit: 0, fixedPrice: 0, unitPrice: 0.000125 }];

let server: TestServer;
let meterId: string;
beforeAll(async () => {
  server = await startTestServer();
  meterId = (await meter()).id;
});
afterAll(() => server.close());

function meter(fields: object = {}): Promise<Made> {
  const dataFields = [
    { category: 'MEASURE', code: 'tokens', name: 'Tokens', unit: 'token' },
    { category: 'WHERE', code: 'region', name: 'Region' },
    { category: 'WHAT', code: 'tier', name: 'Tier' },
  ];
  const required = { name: 'Calls', code: freshCode('calls'), dataFields, derivedFields: [] };
  return created(server, '/meters', { ...required, ...fields });
}

function aggregation(fields: object = {}): Promise<Made> {
  return created(server, '/aggregations', {
    name: 'Tokens',
    code: freshCode('tokens'),
    meterId,
    targetField: 'tokens',
    aggregation: 'SUM',
    quantityPerUnit: 1,
    rounding: 'NONE',
    unit: 'token',
    ...fields,
  });
}

function compound(calculation: string, fields: object = {}): Promise<Made> {
  const required = { name: 'Sum', quantityPerUnit: 1, rounding: 'NONE', unit: 'token' };
  return created(server, '/compoundaggregations', { ...required, calculation, ...fields });
}

async function price(fields: object) {
  const { id: planId } = await plan(server);
  const required = { planId, startDate: '2024-01-01T00:00:00Z', pricingBands: BANDS };
  return server.request('POST', '/pricings', { ...required, ...fields });
}

describe('the segment of a pricing', () => {
  const segments = [
    { region: 'eu', tier: 'gold' },
    { region: '*', tier: 'gold' },
  ];
  // The order of the fields is the one in which they are shown, not that of the alphabet.
  const segmented = { segmentedFields: ['tier', 'region'], segments };

  test('is one that the aggregation has, in any order of its fields', async () => {
    const { id: aggregationId } = await aggregation(segmented);
    const segment = { tier: 'gold', region: '*' };
    expect(await price({ aggregationId, segment })).toMatchObject({
      status: 200,
      body: { segment, segmentString: 'gold, *', aggregationType: 'SIMPLE' },
    });
    for (const wrong of [{ region: 'us', tier: 'gold' }, { region: 'eu' }, null]) {
      const answer = await price({ aggregationId, segment: wrong });
      expect(answer, JSON.stringify(wrong)).toMatchObject({
        status: 400,
        body: { code: 'VALIDATION_FAILED' },
      });
    }
  });

  test('is missing where the aggregation has none', async () => {
    const { id: aggregationId } = await aggregation();
    expect(await price({ aggregationId, segment: segments[0] })).toMatchObject({ status: 400 });
    const { status, body } = await price({ aggregationId });
    expect({ status, body }).toMatchObject({ status: 200 });
    expect(body).not.toHaveProperty('segmentString');
  });

  test('is one that all segmented aggregations of a compound aggregation share', async () => {
    const wide = await aggregation(segmented);
    const narrow = await aggregation({ ...segmented, segments: [segments[1], { region: 'us', tier: '*' }] });
    const plain = await aggregation();
    const codes = [wide, narrow, plain].map((made) => `aggregation.${made['code']}`);
    const { id: compoundAggregationId } = await compound(codes.join(' + '));
    expect(await price({ compoundAggregationId, segment: segments[0] })).toMatchObject({ status: 400 });
    expect(await price({ compoundAggregationId, segment: segments[1] })).toMatchObject({
      status: 200,
      body: { segmentString: 'gold, *', aggregationType: 'COMPOUND' },
    });
  });

  test('stays, and may be repeated in another order', async () => {
    const { id: aggregationId } = await aggregation(segmented);
    const { body } = await price({ aggregationId, segment: { tier: 'gold', region: 'eu' } });
    const stored = body as Made;
    const update = (fields: object) =>
      server.request('PUT', `/pricings/${stored.id}`, { ...stored, ...fields });
    expect(await update({ segment: { region: '*', tier: 'gold' } })).toMatchObject({
      status: 400,
      body: { code: 'IMMUTABLE_FIELD' },
    });
    expect(await update({ segment: { region: 'eu', tier: 'gold' } })).toMatchObject({ status: 200 });
    expect(await update({ segment: undefined, version: 2 })).toMatchObject({
      status: 200,
      body: { segment: { region: 'eu', tier: 'gold' }, version: 3 },
    });
  });
});

test('a metric of another product prices no plan of this one, a global metric prices any', async () => {
  const { id: productId } = await product(server);
  const { id: planId } = await plan(server, { productId });
  const own = await aggregation({ meterId: (await meter({ productId })).id });
  const sum = await compound(`aggregation.${own['code']}`, { productId });
  const counter = await created(server, '/counters', { name: 'Seats', unit: 'seat', productId });
  const metrics = [{ aggregationId: own.id }, { compoundAggregationId: sum.id }];
  for (const metric of metrics) {
    expect(await price(metric)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect(await price({ ...metric, planId })).toMatchObject({ status: 200 });
  }
  const seats = { counterId: counter.id, startDate: '2024-01-01T00:00:00Z', pricingBands: BANDS };
  const { id: otherPlanId } = await plan(server);
  expect(await server.request('POST', '/counterpricings', { ...seats, planId: otherPlanId })).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED' },
  });
  expect(await server.request('POST', '/counterpricings', { ...seats, planId })).toMatchObject({
    status: 200,
  });
});

test('bands are answered in order with exact prices, and keep their ids in an update', async () => {
  const pricingBands = [
    { lowerLimit: 1000, fixedPrice: 0, unitPrice: 0.00000000012345 },
    { lowerLimit: 0, fixedPrice: 5, unitPrice: 1, creditTypeId: 'old', id: 'mine' },
  ];
  const { body } = await price({ aggregationId: (await aggregation()).id, pricingBands });
  const stored = body as Made & { pricingBands: Made[] };
  expect(stored.pricingBands).toMatchObject([
    { lowerLimit: 0, fixedPrice: 5, unitPrice: 1, creditTypeId: 'old', id: 'mine' },
    { lowerLimit: 1000, unitPrice: 0.00000000012345, id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  ]);
  const again = await server.request('PUT', `/pricings/${stored.id}`, stored);
  expect(again.body).toMatchObject({ version: 2, pricingBands: stored.pricingBands });
});

test('a band that is added, changed or taken away is an event of its own', async () => {
  const [low, high] = [
    { lowerLimit: 0, fixedPrice: 0, unitPrice: 1 },
    { lowerLimit: 10, fixedPrice: 0, unitPrice: 0.5 },
  ];
  const { id: aggregationId } = await aggregation();
  const overage = { cumulative: true, overagePricingBands: [{ ...low, unitPrice: 3 }] };
  const { body } = await price({ aggregationId, pricingBands: [low, high], ...overage });
  const pricing = body as Made & { pricingBands: Made[]; overagePricingBands: Made[] };
  const [first, second] = pricing.pricingBands as [Made, Made];
  const [over] = pricing.overagePricingBands as [Made];
  const told = async (band: Made) => {
    const found = await events(server, { resourceId: band.id });
    return found.map(({ eventName }) => eventName.replace('configuration.pricingband.', '')).reverse();
  };
  const update = async (pricingBands: object[], version: number) => {
    const next = { ...pricing, pricingBands, version };
    expect(await server.request('PUT', `/pricings/${pricing.id}`, next)).toMatchObject({ status: 200 });
  };
  await update([first, { ...second, unitPrice: 0.25 }], 1);
  await update([first], 2);
  expect(await told(first)).toEqual(['created']);
  expect(await told(second)).toEqual(['created', 'updated', 'deleted']);
  const [, updated] = await events(server, { resourceId: second.id });
  expect(updated?.m3terEvent.eventData).toMatchObject({
    newDto: { id: second.id, pricingId: pricing.id, type: 'DEBIT', unitPrice: 0.25, orgId: server.orgId },
    oldDto: { lowerLimit: 10, unitPrice: 0.5, version: 1 },
  });
  await server.request('DELETE', `/pricings/${pricing.id}`);
  expect(await told(first)).toEqual(['created', 'deleted']);
  expect(await told(over)).toEqual(['created', 'deleted']);
  expect(await events(server, { resourceId: pricing.id })).toHaveLength(4);
});

test('prices go with their plan, links with their group, each with event and audit', async () => {
  const { id: planId } = await plan(server);
  const pricing = await price({ planId, aggregationId: (await aggregation()).id });
  const seats = await created(server, '/counters', { name: 'Seats', unit: 'seat' });
  const counterPricing = await created(server, '/counterpricings', {
    planId,
    counterId: seats.id,
    startDate: '2024-01-01T00:00:00Z',
    pricingBands: BANDS,
  });
  const group = await planGroup(server);
  const link = await created(server, '/plangrouplinks', { planGroupId: group.id, planId });
  expect(await server.request('DELETE', `/plans/${planId}`)).toMatchObject({
    status: 400,
    body: { code: 'ENTITY_IN_USE' },
  });
  expect(await server.request('DELETE', `/plangroups/${group.id}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', `/plangrouplinks/${link.id}`)).toMatchObject({ status: 404 });
  expect(await server.request('DELETE', `/plans/${planId}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', `/pricings/${(pricing.body as Made).id}`)).toMatchObject({
    status: 404,
  });
  for (const { id } of [link, pricing.body as Made, counterPricing]) {
    const [told] = await events(server, { resourceId: id });
    expect(told?.eventName).toMatch(/^configuration\.(plangrouplink|pricing|counterpricing)\.deleted$/);
    const { body } = await server.request('GET', `/audit?entityId=${id}`);
    expect(body).toMatchObject({ data: [{ action: 'deleted', before: { id } }, { action: 'created' }] });
  }
  const [band] = (pricing.body as { pricingBands: [Made] }).pricingBands;
  expect((await events(server, { resourceId: band.id })).map(({ eventName }) => eventName)).toEqual([
    'configuration.pricingband.deleted',
    'configuration.pricingband.created',
  ]);
});

test('what goes with its owner leaves its resource groups', async () => {
  const { id: planId } = await plan(server);
  const pricing = await price({ planId, aggregationId: (await aggregation()).id });
  const group = await created(server, '/resourcegroups/pricing', { name: 'Prices' });
  const path = `/resourcegroups/pricing/${group.id}`;
  const member = { targetId: (pricing.body as Made).id, targetType: 'item' };
  expect(await server.request('POST', `${path}/addresource`, member)).toMatchObject({ status: 200 });
  expect(await server.request('DELETE', `/plans/${planId}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', `${path}/contents`)).toMatchObject({ body: { data: [] } });
});

test('a plan moves only to a template of its product and currency', async () => {
  const { id: productId } = await product(server);
  const made = await plan(server, { productId });
  const template = (fields: object) =>
    created(server, '/plantemplates', {
      productId,
      name: 'Other',
      currency: 'USD',
      standingCharge: 0,
      billFrequency: 'DAILY',
      ...fields,
    });
  const move = (planTemplateId: string) =>
    server.request('PUT', `/plans/${made.id}`, { ...made, planTemplateId });
  expect(await move((await template({ currency: 'usd' })).id)).toMatchObject({ status: 400 });
  const { id: otherProductId } = await product(server);
  expect(await move((await template({ productId: otherProductId })).id)).toMatchObject({ status: 400 });
  expect(await move((await template({})).id)).toMatchObject({ status: 200, body: { productId } });
});
