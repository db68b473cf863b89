import { afterAll, beforeAll, expect, test } from 'vitest';
import { purgeEvents } from '../../src/areas/integration/index.ts';
import { newId, SYSTEM_PRINCIPAL } from '../../src/kernel/ids.ts';
import { recordEvent } from '../../src/store/outbox.ts';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

type Event = {
  readonly id: string;
  readonly eventName: string;
  readonly m3terEvent: { readonly eventData: Record<string, Record<string, unknown>> };
  readonly dtActioned: string | null;
};

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

async function made(path: string, body: object): Promise<Made> {
  const answer = await server.request('POST', path, body);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as Made;
}

async function events(query: Record<string, string>): Promise<Event[]> {
  const answer = await server.request('GET', `/events?${new URLSearchParams(query)}`);
  expect(answer, JSON.stringify(answer.body)).toMatchObject({ status: 200 });
  return (answer.body as { data: Event[] }).data;
}

async function raised(name: string, attributes: Record<string, unknown>): Promise<string> {
  const writer = { orgId: server.orgId, principalId: SYSTEM_PRINCIPAL, now: server.clock.now() };
  return server.context.db.transaction().execute((tx) => recordEvent(tx, writer, { name, attributes }));
}

test('create, update and delete of a product are three events with what it is and was', async () => {
  const product = await made('/products', { name: 'Inference', code: `product_${newId()}` });
  const path = `/products/${product.id}`;
  await server.request('PUT', path, { ...product, name: 'Training' });
  await server.request('DELETE', path);
  const found = await events({ resourceId: product.id });
  const [deleted, updated, created] = found.map(({ m3terEvent }) => m3terEvent.eventData);
  expect(found.map(({ eventName }) => eventName)).toEqual([
    'configuration.product.deleted',
    'configuration.product.updated',
    'configuration.product.created',
  ]);
  expect(Object.keys(created ?? {})).toEqual(['newDto']);
  expect(updated).toMatchObject({ newDto: { name: 'Training', version: 2 }, oldDto: { name: 'Inference' } });
  expect(Object.keys(deleted ?? {})).toEqual(['oldDto']);
  expect(created?.['newDto']).toMatchObject({
    orgId: server.orgId,
    createdBy: `SERVICEUSER_${product['createdBy']}`,
    lastModifiedBy: `SERVICEUSER_${product['lastModifiedBy']}`,
  });
});

test('events of an account are its own, those of what belongs to it, and failures that name it', async () => {
  const owner = await account(server);
  const other = await account(server);
  const contract = { name: 'Contract', startDate: '2024-01-01', endDate: '2025-01-01' };
  await made('/contracts', { ...contract, accountId: owner.id });
  await made('/contracts', { ...contract, accountId: other.id });
  const bill = newId();
  await raised('ingest.validation.failure', { type: 'DuplicateUid', accountId: owner.id });
  await raised('integration.perform.error', { entityType: 'Bill', entityId: bill, accountId: owner.id });
  const found = await events({ accountId: owner.id });
  expect(found.map(({ eventName }) => eventName)).toEqual([
    'integration.perform.error',
    'ingest.validation.failure',
    'configuration.contract.created',
    'configuration.account.created',
  ]);
  expect(found[2]?.m3terEvent.eventData['newDto']).toMatchObject({ accountCode: owner['code'] });
  expect(await events({ resourceId: bill })).toMatchObject([{ eventName: 'integration.perform.error' }]);
});

test('fired rules are found by the rule, and concern the account of what they fired on', async () => {
  const rule = { id: newId(), code: `rule_${newId()}`, name: 'Rule', description: 'Rule' };
  const accountId = newId();
  const sourceEvent = {
    id: newId(),
    eventName: 'configuration.account.updated',
    eventTime: '2024-01-01T00:00:00Z',
  };
  const newDto = { id: accountId, createdBy: `USER_${newId()}`, lastModifiedBy: SYSTEM_PRINCIPAL };
  const id = await raised('notification.triggered', { notification: rule, sourceEvent, newDto });
  await raised('notification.triggered', {
    notification: { ...rule, id: newId(), code: 'other' },
    sourceEvent,
  });
  for (const query of [{ notificationId: rule.id }, { notificationCode: rule.code }, { accountId }]) {
    expect((await events(query)).map((event) => event.id)).toEqual([id]);
  }
  const [event] = await events({ notificationId: rule.id });
  expect(event?.m3terEvent.eventData['newDto']).toEqual({ ...newDto, lastModifiedBy: 'SYSTEM' });
  expect(await events({ eventType: 'notification' })).toHaveLength(2);
});

test('what somebody has dealt with is hidden unless it is asked for', async () => {
  const { id: resourceId } = await account(server);
  const [event] = await events({ resourceId });
  expect(event?.dtActioned).toBeNull();
  const path = `/events/${event?.id}`;
  await server.moveTo('2030-01-01T00:00:00Z');
  const late = await account(server);
  const [fresh] = await events({ resourceId: late.id });
  const marked = await server.request('PUT', `/events/${fresh?.id}/actioned`);
  expect(marked.body).toMatchObject({ dtActioned: '2030-01-01T00:00:00Z' });
  await server.moveTo('2030-01-02T00:00:00Z');
  const again = await server.request('PUT', `/events/${fresh?.id}/actioned`);
  expect(again.body).toMatchObject({ dtActioned: '2030-01-01T00:00:00Z' });
  expect(await events({ resourceId: late.id })).toEqual([]);
  expect(await events({ resourceId: late.id, includeActioned: 'true' })).toHaveLength(1);
  expect(await events({ ids: fresh?.id ?? '' })).toHaveLength(1);
  await server.request('DELETE', `/events/${fresh?.id}/actioned`);
  expect(await events({ resourceId: late.id })).toHaveLength(1);
  const bulk = await server.request('POST', '/events/actioned', { ids: [fresh?.id, newId()] });
  expect(bulk.body).toMatchObject({ data: [{ id: fresh?.id }] });
  expect(await server.request('GET', path), 'of years ago').toMatchObject({ status: 404 });
});

test('an event lives for 28 days', async () => {
  await server.moveTo('2031-01-01T00:00:00Z');
  const { id: resourceId } = await account(server);
  const [event] = await events({ resourceId });
  await server.moveTo('2031-01-28T23:59:59Z');
  await purgeEvents.run(server.context, {});
  expect(await server.request('GET', `/events/${event?.id}`)).toMatchObject({ status: 200 });
  await server.moveTo('2031-01-29T00:00:00Z');
  expect(await server.request('GET', `/events/${event?.id}`)).toMatchObject({ status: 404 });
  expect(await events({ resourceId })).toEqual([]);
  await purgeEvents.run(server.context, {});
  await server.moveTo('2031-01-02T00:00:00Z');
  expect(await server.request('GET', `/events/${event?.id}`), 'deleted').toMatchObject({ status: 404 });
});

test('pages follow each other, latest first', async () => {
  const made = [await account(server), await account(server), await account(server)];
  const query = new URLSearchParams({ eventName: 'configuration.account.created', pageSize: '2' });
  type Page = { data: { m3terEvent: { eventData: { newDto: { id: string } } } }[]; nextToken: string };
  const first = (await server.request('GET', `/events?${query}`)).body as Page;
  query.set('nextToken', first.nextToken);
  const second = (await server.request('GET', `/events?${query}`)).body as Page;
  const ids = [...first.data, ...second.data].map(({ m3terEvent }) => m3terEvent.eventData.newDto.id);
  expect(ids.slice(0, 3)).toEqual(made.map(({ id }) => id).reverse());
  query.set('eventName', 'configuration.account.updated');
  const foreign = await server.request('GET', `/events?${query}`);
  expect(foreign).toMatchObject({ status: 400, body: { code: 'INVALID_NEXT_TOKEN' } });
});

test.each([
  'ids=01a1fcb0-422f-7000-8612-240f30c29d40&eventName=x',
  'ids=01a1fcb0-422f-7000-8612-240f30c29d40&includeActioned=true',
  'eventType=Something',
  'accountId=acme',
])('events?%s is refused', async (query) => {
  const answer = await server.request('GET', `/events?${query}`);
  expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
});

test('scheduled events have names and fields, and stay while an active rule names them', async () => {
  const name = 'scheduled.bill.overdue';
  const scheduled = await made('/scheduledevents/configurations', {
    ...{ name, entity: 'Bill', field: 'dueDate', offset: 5 },
  });
  const types = (await server.request('GET', '/events/types')).body as { events: string[] };
  expect(types.events).toHaveLength(107);
  expect(types.events.at(-1)).toBe(name);
  const { body } = await server.request('GET', `/events/fields?eventName=${name}`);
  const fields = (body as { events: Record<string, Record<string, string>> }).events[name] ?? {};
  expect(fields).toMatchObject({ 'new.billTotal': 'double', 'new.customFields': 'map' });
  expect(Object.keys(fields).filter((field) => !field.startsWith('new.'))).toEqual([]);
  const rule = { name: 'Overdue', description: 'Tells of overdue bills', code: 'overdue', eventName: name };
  const calculation = 'new.status == "PENDING"';
  const active = await made('/notifications/configurations', { ...rule, active: true, calculation });
  const path = `/scheduledevents/configurations/${scheduled.id}`;
  expect(await server.request('DELETE', path)).toMatchObject({
    status: 400,
    body: { code: 'ENTITY_IN_USE' },
  });
  await server.request('PUT', `/notifications/configurations/${active.id}`, { ...active, active: false });
  expect(await server.request('DELETE', path)).toMatchObject({ status: 200 });
  expect(await server.request('GET', `/events/fields?eventName=${name}`)).toMatchObject({ status: 400 });
});

test('fields of single events have bare names, those of an account of somebody its code', async () => {
  const { body } = await server.request('GET', '/events/fields');
  const all = (body as { events: Record<string, Record<string, string>> }).events;
  expect(Object.keys(all)).toHaveLength(106);
  const failure = Object.keys(all['ingest.validation.failure'] ?? {});
  expect(failure.filter((field) => field.includes('.'))).toEqual([]);
  expect(all['billing.charge.updated']).toMatchObject({
    'new.accountCode': 'string',
    'old.amount': 'double',
  });
  expect(all['configuration.product.created']).not.toHaveProperty('new.accountCode');
});
