import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dispatchEvents, scheduledEntities, scheduledEventTask } from '../../src/areas/integration/index.ts';
import { newId, SYSTEM_PRINCIPAL } from '../../src/kernel/ids.ts';
import { parts, resources, singletons } from '../../src/registry-resources.ts';
import { recordEvent } from '../../src/store/outbox.ts';
import { account, created, freshCode, type Made, product } from '../support/configured.ts';
import { attempt, dispatchAll, events, type Run, rule, runsOf } from '../support/integrations.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

function raised(name: string, attributes: Record<string, unknown>): Promise<string> {
  const writer = { orgId: server.orgId, principalId: SYSTEM_PRINCIPAL, now: server.clock.now() };
  return server.context.db.transaction().execute((tx) => recordEvent(tx, writer, { name, attributes }));
}

async function alerts(query: string): Promise<readonly Made[]> {
  const { body } = await server.request('GET', `/alerts?${query}`);
  return (body as { data: Made[] }).data;
}

const PRODUCT_UPDATED = 'configuration.product.updated';

test('active rules fire when they hold, or always; inactive ones and earlier events do not', async () => {
  const subject = await product(server);
  await dispatchAll(server);
  const never = { alwaysFireEvent: false, calculation: 'new.name == "nobody"' };
  const off = await rule(server, PRODUCT_UPDATED, { active: false });
  const always = await rule(server, PRODUCT_UPDATED, { ...never, alwaysFireEvent: true });
  const changed = { alwaysFireEvent: false, calculation: 'new.name != old.name' };
  const renamed = await rule(server, PRODUCT_UPDATED, changed);
  const silent = await rule(server, PRODUCT_UPDATED, never);
  const late = await rule(server, 'configuration.product.created');
  await server.request('PUT', `/products/${subject.id}`, { ...subject, name: 'Renamed' });
  await dispatchAll(server);
  const firings = async ({ id }: Made) => (await events(server, { notificationId: id })).length;
  expect(await Promise.all([off, always, renamed, silent, late].map(firings))).toEqual([0, 1, 1, 0, 0]);
  const [fired] = await events(server, { notificationId: renamed.id });
  expect(fired).toMatchObject({
    eventName: 'notification.triggered',
    m3terEvent: {
      eventData: {
        notification: { id: renamed.id, code: renamed['code'] },
        sourceEvent: { eventName: PRODUCT_UPDATED },
        newDto: { name: 'Renamed' },
      },
    },
  });
});

test('a rule that fails on an event fires nothing and is told once a day', async () => {
  const failing = await rule(server, PRODUCT_UPDATED, {
    alwaysFireEvent: false,
    calculation: 'new.name * 2 > 1',
  });
  const subject = await product(server);
  for (const version of [1, 2]) {
    await server.request('PUT', `/products/${subject.id}`, { ...subject, name: `Name ${version}`, version });
    await dispatchAll(server);
  }
  expect(await events(server, { notificationId: failing.id })).toEqual([]);
  const told = (await alerts('type=CONFIGURATION')).filter((alert) => alert['entityId'] === failing.id);
  expect(told).toMatchObject([{ severity: 'WARN', status: 'NEW', entityType: 'Notification' }]);
});

test('an event that is acted on twice at once fires once', async () => {
  const once = await rule(server, PRODUCT_UPDATED);
  const subject = await product(server);
  await server.request('PUT', `/products/${subject.id}`, { ...subject, name: 'Raced' });
  await Promise.all(Array.from({ length: 6 }, () => dispatchEvents(server.context)));
  await dispatchAll(server);
  expect(await events(server, { notificationId: once.id })).toHaveLength(1);
});

test('an event that cannot be acted on waits and lets the others pass', async () => {
  const told = await rule(server, PRODUCT_UPDATED);
  const [bad, good] = [await product(server), await product(server)];
  await sql`create function refuse_firing() returns trigger language plpgsql as $$ begin
      if new.m3ter_event -> 'eventData' -> 'newDto' ->> 'id' = ${sql.lit(bad.id)} then raise 'broken'; end if;
      return new; end $$`.execute(server.context.db);
  await sql`create trigger broken before insert on event for each row
    when (new.event_name = 'notification.triggered') execute function refuse_firing()`.execute(
    server.context.db,
  );
  for (const subject of [bad, good]) {
    await server.request('PUT', `/products/${subject.id}`, { ...subject, name: 'Changed' });
  }
  await dispatchAll(server);
  const firedOn = async () =>
    (await events(server, { notificationId: told.id })).map(
      ({ m3terEvent }) => (m3terEvent.eventData['newDto'] as Made).id,
    );
  expect(await firedOn()).toEqual([good.id]);
  await sql`drop trigger broken on event`.execute(server.context.db);
  await sql`update event_dispatch set not_before = null`.execute(server.context.db);
  await dispatchAll(server);
  expect(await firedOn()).toEqual([bad.id, good.id]);
});

test('rejected measurements are one alert for each type and meter, which counts them', async () => {
  const failure = { type: 'MissingField', meterCode: 'calls' };
  await raised('ingest.validation.failure', failure);
  await raised('ingest.validation.failure', failure);
  await raised('ingest.validation.failure', { type: 'DuplicateUid', meterCode: 'calls' });
  await dispatchAll(server);
  await raised('ingest.validation.failure', failure);
  await raised('ingest.validation.failure', { type: 'UndefinedMeter', meterCode: 'gone' });
  await dispatchAll(server);
  expect((await alerts('type=API_INGEST')).map((alert) => alert['description'])).toEqual([
    '1 measurement was rejected of meter gone: UndefinedMeter',
    '3 measurements were rejected of meter calls: MissingField',
  ]);
  const [, counted] = await alerts('type=API_INGEST');
  const done = await server.request('PUT', `/alerts/${counted?.id}`, {
    version: counted?.version,
    status: 'DONE',
    description: 'changed',
  });
  expect(done).toMatchObject({ status: 200, body: { status: 'DONE', severity: 'ERROR' } });
  expect(done.body).toMatchObject({ description: counted?.['description'] });
  await raised('ingest.validation.failure', failure);
  await dispatchAll(server);
  const descriptions = (await alerts('type=API_INGEST&status=NEW')).map((alert) => alert['description']);
  expect(descriptions[0]).toBe('1 measurement was rejected of meter calls: MissingField');
  expect(await events(server, { eventName: 'configuration.alert.updated' })).toHaveLength(1);
});

test('a calculation is tested against a name or an event', async () => {
  const evaluated = async (body: object) =>
    (await server.request('POST', '/notifications/evaluate', body)).body as object;
  const { id: eventId } = (await events(server, { eventName: PRODUCT_UPDATED }))[0] ?? { id: '' };
  expect(await evaluated({ eventName: PRODUCT_UPDATED, calculation: 'new.name != old.name' })).toEqual({
    success: true,
    errorMessage: null,
  });
  const wrong = { eventName: 'configuration.commitment.updated', calculation: 'new.amout > 1' };
  expect(await evaluated({ ...wrong, eventId })).toMatchObject({
    success: false,
    errorMessage: expect.stringMatching(/^Unknown field new\.amout/),
  });
  expect(await evaluated({ eventId, calculation: 'new.name * 2 > 1' })).toMatchObject({ success: false });
  expect(await evaluated({ eventId, calculation: 'new.name == "x"' })).toMatchObject({ success: true });
  expect(await evaluated({ eventName: 'no.such', calculation: 'true' })).toMatchObject({ success: false });
  const missing = { eventId: newId(), calculation: 'true' };
  expect(await server.request('POST', '/notifications/evaluate', missing)).toMatchObject({ status: 404 });
  const neither = { calculation: 'true' };
  expect(await server.request('POST', '/notifications/evaluate', neither)).toMatchObject({ status: 400 });
});

const MAPPING = { m3terEntity: 'Account', externalSystem: 'Stripe', externalTable: 'Customer' };

test('an external mapping is unique both ways and ends with its entity', async () => {
  const [acme, other] = [await account(server), await account(server)];
  const mapping = { ...MAPPING, m3terId: acme.id, externalId: 'cus_1' };
  const made = await created(server, '/externalmappings', mapping);
  for (const twin of [
    { ...mapping, externalId: 'cus_2' },
    { ...mapping, m3terId: other.id },
  ]) {
    const answer = await server.request('POST', '/externalmappings', twin);
    expect(answer).toMatchObject({ status: 400, body: { code: 'DUPLICATE' } });
  }
  const unknown = await server.request('POST', '/externalmappings', { ...mapping, m3terId: newId() });
  expect(unknown).toMatchObject({ status: 400, body: { code: 'REFERENCE_NOT_FOUND' } });
  await created(server, '/externalmappings', { ...mapping, m3terEntity: 'Own', externalTable: 'Own' });
  for (const path of [`external/Account/${acme.id}`, 'externalid/Stripe/Customer/cus_1']) {
    const found = await server.request('GET', `/externalmappings/${path}`);
    expect(found.body).toMatchObject({ data: [{ id: made.id }] });
  }
  expect(await server.request('DELETE', `/accounts/${acme.id}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', `/externalmappings/${made.id}`)).toMatchObject({ status: 404 });
  const { body } = await server.request('GET', `/externalmappings?m3terIds=${acme.id}`);
  expect((body as { data: Made[] }).data, 'of free-form names').toMatchObject([{ m3terEntity: 'Own' }]);
});

test('a mapping of a configuration ends with it, and the log says so', async () => {
  const config = await created(server, '/integrationconfigs', { entityType: 'Bill', destination: 'Xero' });
  const own = { ...MAPPING, m3terEntity: 'Own', m3terId: 'own', externalId: freshCode('cus') };
  const made = await created(server, '/externalmappings', { ...own, integrationConfigId: config.id });
  expect(await server.request('DELETE', `/integrationconfigs/${config.id}`)).toMatchObject({ status: 200 });
  expect(await server.request('GET', `/externalmappings/${made.id}`)).toMatchObject({ status: 404 });
  const { body } = await server.request('GET', `/audit?entityId=${made.id}`);
  expect(body).toMatchObject({ data: [{ action: 'deleted' }, { action: 'created' }] });
});

test('a bill of an account without a mapping is told, one with a mapping waits for a connector', async () => {
  const config = await created(server, '/integrationconfigs', { entityType: 'Bill', destination: 'stripe' });
  expect(config).toMatchObject({ destination: 'Stripe' });
  const { id: accountId } = await account(server);
  const bill = { id: newId(), accountId, status: 'PENDING', billTotal: 1, version: 1 };
  const runs = () => runsOf(server, 'Bill', bill.id);
  const attemptLast = async () => attempt(server, (await runs()).at(-1) as Run);
  await raised('billing.bill.created', { newDto: bill });
  await dispatchAll(server);
  expect(await attemptLast()).toMatchObject({ status: 'ERROR', destination: 'Stripe' });
  const errors = () => events(server, { resourceId: bill.id, eventType: 'IntegrationEvent' });
  expect(await errors()).toMatchObject([{ eventName: 'integration.missingaccountmapping.error' }]);

  await created(server, '/externalmappings', {
    ...MAPPING,
    m3terId: accountId,
    externalId: freshCode('cus'),
  });
  const approved = { ...bill, status: 'APPROVED', version: 2 };
  await raised('billing.bill.updated', { oldDto: bill, newDto: approved });
  await dispatchAll(server);
  expect(await runs(), 'a new status is nothing new').toHaveLength(1);
  await raised('billing.bill.updated', { oldDto: approved, newDto: { ...approved, billTotal: 2 } });
  await dispatchAll(server);
  expect(await attemptLast()).toMatchObject({
    status: 'ERROR',
    error: 'connector not installed: Stripe',
  });
  expect((await errors())[0]).toMatchObject({ eventName: 'integration.perform.error' });
});

test('bills can be sent on approval only, and for some accounts only', async () => {
  const { id: accountId } = await account(server);
  const { id: restricted } = await account(server);
  const data = { sendOnApprovalOnly: true, accountIds: [accountId, restricted] };
  const configData = { ...data, restrictedAccountIds: [restricted] };
  await created(server, '/integrationconfigs', { entityType: 'Bill', destination: 'Xero', configData });
  const sentFor = async (owner: string) => {
    const pending = { id: newId(), accountId: owner, status: 'PENDING', billTotal: 1 };
    await raised('billing.bill.created', { newDto: pending });
    await raised('billing.bill.updated', { oldDto: pending, newDto: { ...pending, billTotal: 2 } });
    await dispatchAll(server);
    const destinations = async () =>
      (await runsOf(server, 'Bill', pending.id)).filter((run) => run['destination'] === 'Xero').length;
    const before = await destinations();
    await raised('billing.bill.updated', { oldDto: pending, newDto: { ...pending, status: 'APPROVED' } });
    await dispatchAll(server);
    return [before, await destinations()];
  };
  expect(await sentFor(accountId)).toEqual([0, 1]);
  expect(await sentFor(restricted)).toEqual([0, 0]);
  expect(await sentFor((await account(server)).id)).toEqual([0, 0]);
});

function fireScheduled(): Promise<void> {
  const task = scheduledEventTask(scheduledEntities([...resources, ...parts], singletons));
  return task.run(server.context, {});
}

test('a scheduled event happens once, when its date has come, in due order', async () => {
  await server.moveTo('2030-01-10T12:00:00Z');
  const name = 'scheduled.contract.ending';
  const scheduled = { name, entity: 'Contract', field: 'endDate', offset: -2 };
  await created(server, '/scheduledevents/configurations', scheduled);
  const { id: accountId } = await account(server);
  const contract = (endDate: string) => {
    const body = { accountId, name: 'Contract', startDate: '2029-01-01', endDate };
    return created(server, '/contracts', body);
  };
  const [later, sooner] = [await contract('2030-02-02'), await contract('2030-02-01')];
  const past = await contract('2030-01-11');
  const moved = await contract('2030-02-01');
  await server.moveTo('2030-01-29T23:59:59Z');
  await fireScheduled();
  expect(await events(server, { eventName: name })).toEqual([]);
  const next = { ...moved, endDate: '2030-06-01' };
  expect(await server.request('PUT', `/contracts/${moved.id}`, next)).toMatchObject({ status: 200 });
  // Down over both due times: 30 January for 1 February, 31 January for 2 February.
  await server.moveTo('2030-01-31T12:00:00Z');
  await fireScheduled();
  await fireScheduled();
  const fired = await events(server, { eventName: name });
  expect(fired.map(({ eventTime }) => eventTime)).toEqual(['2030-01-31T00:00:00Z', '2030-01-30T00:00:00Z']);
  expect(fired.map(({ m3terEvent }) => (m3terEvent.eventData['newDto'] as Made).id)).toEqual([
    later.id,
    sooner.id,
  ]);
  expect(await events(server, { eventName: name, resourceId: past.id }), 'due before it existed').toEqual([]);

  const again = { ...sooner, endDate: '2030-02-10' };
  await server.request('PUT', `/contracts/${sooner.id}`, again);
  await server.moveTo('2030-02-08T00:00:00Z');
  await fireScheduled();
  expect(await events(server, { eventName: name, resourceId: sooner.id })).toHaveLength(2);
});

test('schedules of balances schedule events too', async () => {
  await server.moveTo('2031-01-10T12:00:00Z');
  const configured = (name: string, entity: string, field: string) =>
    created(server, '/scheduledevents/configurations', { name, entity, field, offset: -1 });
  await configured('scheduled.scheduledbalancetransaction.soon', 'ScheduledBalanceTransaction', 'nextRun');
  await configured('scheduled.scheduledbalancecharge.ends', 'ScheduledBalanceCharge', 'servicePeriodEndDate');
  const { id: accountId } = await account(server);
  const span = { startDate: '2031-01-01T00:00:00Z', endDate: '2032-01-01T00:00:00Z' };
  const terms = { name: 'Credit', code: freshCode('credit'), currency: 'USD', accountId };
  const balance = await created(server, '/balances', { ...terms, ...span });
  const type = await created(server, '/picklists/transactiontypes', { name: 'Top-up' });
  const topUps = await created(server, `/balances/${balance.id}/balancetransactionschedules`, {
    ...{ name: 'Top-up', code: 'top-up', transactionTypeId: type.id, transactionDescription: 'Top-up' },
    ...{ amount: 5, startDate: '2031-02-01T00:00:00Z', endDate: '2031-06-01T00:00:00Z' },
    ...{ frequency: 'MONTHLY', frequencyInterval: 1 },
  });
  const fees = await created(server, `/balances/${balance.id}/balancechargeschedules`, {
    ...{ name: 'Fee', code: 'fee', chargeDescription: 'Fee', currency: 'USD', amount: 5 },
    ...{ billFrequency: 'MONTHLY', billFrequencyInterval: 1, billInAdvance: true },
    ...{ servicePeriodStartDate: '2031-01-01T00:00:00Z', servicePeriodEndDate: '2031-02-02T00:00:00Z' },
  });
  await server.moveTo('2031-02-01T00:00:00Z');
  await fireScheduled();
  for (const [name, id, eventTime] of [
    ['scheduled.scheduledbalancetransaction.soon', topUps.id, '2031-01-31T00:00:00Z'],
    ['scheduled.scheduledbalancecharge.ends', fees.id, '2031-02-01T00:00:00Z'],
  ] as const) {
    const fired = await events(server, { eventName: name });
    expect(fired).toMatchObject([{ eventTime, m3terEvent: { eventData: { newDto: { id } } } }]);
  }
  const unknown = {
    name: 'scheduled.pricingband.made',
    entity: 'PricingBand',
    field: 'dtCreated',
    offset: 0,
  };
  expect(await server.request('POST', '/scheduledevents/configurations', unknown)).toMatchObject({
    status: 400,
    body: { code: 'VALIDATION_FAILED', errors: [{ field: 'entity' }] },
  });
});
