import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { account, created, type Made, plan, planGroup, product } from '../support/configured.ts';
import { type Answer, startTestServer, type TestServer } from '../support/stores.ts';

const JANUARY = '2024-01-01T00:00:00Z';
const JUNE = '2024-06-01T00:00:00Z';

let server: TestServer;
/** Two plans of one product, and a third of another. */
let plans: { first: Made; second: Made; other: Made };

beforeAll(async () => {
  server = await startTestServer();
  const { id: productId } = await product(server);
  plans = {
    first: await plan(server, { productId }),
    second: await plan(server, { productId }),
    other: await plan(server),
  };
});
afterAll(() => server.close());

function attach(accountId: string, fields: object): Promise<Answer> {
  return server.request('POST', '/accountplans', { accountId, startDate: JANUARY, ...fields });
}

async function allowOverlaps(allowOverlappingPlans: boolean): Promise<void> {
  const { body } = await server.request('GET', '/organizationconfig');
  await server.request('PUT', '/organizationconfig', { ...(body as object), allowOverlappingPlans });
}

/** A group of plans. */
async function groupOf(...members: readonly Made[]): Promise<Made> {
  const made = await planGroup(server);
  for (const member of members) await link(made.id, member.id);
  return made;
}

function link(planGroupId: string, planId: string): Promise<Answer> {
  return server.request('POST', '/plangrouplinks', { planGroupId, planId });
}

function statuses(answers: readonly Answer[]): number[] {
  return answers.map(({ status }) => status).sort();
}

describe('plans of one product on one account', () => {
  test('do not overlap, alone or as members of groups', async () => {
    const [{ id: alone }, { id: grouped }] = [await account(server), await account(server)];
    const group = await groupOf(plans.second, plans.other);
    expect(await attach(alone, { planId: plans.first.id })).toMatchObject({ status: 200 });
    expect(await attach(alone, { planId: plans.second.id })).toMatchObject({ status: 400 });
    expect(await attach(alone, { planGroupId: group.id })).toMatchObject({ status: 400 });
    expect(await attach(grouped, { planGroupId: group.id })).toMatchObject({ status: 200 });
    expect(await attach(grouped, { planId: plans.first.id })).toMatchObject({ status: 400 });
    expect(await attach(grouped, { planGroupId: (await groupOf(plans.first)).id })).toMatchObject({
      status: 400,
    });
  });

  test('may follow each other at the same moment', async () => {
    const { id } = await account(server);
    expect(await attach(id, { planId: plans.first.id, endDate: JUNE })).toMatchObject({ status: 200 });
    const early = '2024-05-31T23:59:59.999Z';
    expect(await attach(id, { planId: plans.second.id, startDate: early })).toMatchObject({ status: 400 });
    expect(await attach(id, { planId: plans.second.id, startDate: JUNE })).toMatchObject({ status: 200 });
  });

  test('do not come to overlap by an update', async () => {
    const { id } = await account(server);
    const first = { accountId: id, planId: plans.first.id, startDate: JANUARY };
    const { id: attached } = await created(server, '/accountplans', { ...first, endDate: JUNE });
    await created(server, '/accountplans', { accountId: id, planId: plans.second.id, startDate: JUNE });
    const update = (endDate: string) =>
      server.request('PUT', `/accountplans/${attached}`, { ...first, endDate, version: 1 });
    expect(await update('2024-06-02T00:00:00Z')).toMatchObject({ status: 400 });
    expect(await update('2024-05-01T00:00:00Z')).toMatchObject({ status: 200, body: { version: 2 } });
  });

  test('do not come to overlap by a new member of a group', async () => {
    const { id } = await account(server);
    const group = await groupOf(plans.other);
    await attach(id, { planId: plans.first.id });
    await attach(id, { planGroupId: group.id });
    expect(await link(group.id, plans.second.id)).toMatchObject({
      status: 400,
      body: { code: 'VALIDATION_FAILED' },
    });
    expect(await link(group.id, (await plan(server)).id)).toMatchObject({ status: 200 });
  });

  test('overlap when the organization allows it', async () => {
    const { id } = await account(server);
    await allowOverlaps(true);
    const both = [
      await attach(id, { planId: plans.first.id }),
      await attach(id, { planId: plans.second.id }),
    ];
    await allowOverlaps(false);
    expect(statuses(both)).toEqual([200, 200]);
  });

  // From January to June beside another plan from March to September.
  test.each([
    ['as it is', {}, 200],
    ['with a code', { code: 'named' }, 200],
    ['ending earlier', { endDate: '2024-04-01T00:00:00Z' }, 200],
    ['starting where the other one is not', { startDate: '2023-12-01T00:00:00Z' }, 200],
    ['starting later', { startDate: '2024-02-01T00:00:00Z' }, 200],
    ['ending later', { endDate: '2024-06-02T00:00:00Z' }, 400],
    ['without an end', { endDate: null }, 400],
    ['moved on', { startDate: '2024-05-01T00:00:00Z', endDate: '2024-08-01T00:00:00Z' }, 400],
  ])('that overlap already can be sent %s: %j %i', async (_what, fields, status) => {
    const { id } = await account(server);
    await allowOverlaps(true);
    const terms = { accountId: id, planId: plans.first.id, startDate: JANUARY, endDate: JUNE };
    const attached = await created(server, '/accountplans', terms);
    const span = { startDate: '2024-03-01T00:00:00Z', endDate: '2024-09-01T00:00:00Z' };
    await attach(id, { planId: plans.second.id, ...span });
    await allowOverlaps(false);
    const path = `/accountplans/${attached.id}`;
    expect(await server.request('PUT', path, { ...attached, ...fields })).toMatchObject({ status });
  });

  test('that overlap as members of a group let others of the same product join it', async () => {
    const { id } = await account(server);
    const group = await groupOf(plans.first);
    await allowOverlaps(true);
    await attach(id, { planGroupId: group.id });
    await attach(id, { planId: plans.second.id });
    await attach(id, { planId: plans.other.id });
    await allowOverlaps(false);
    const joined = await link(group.id, plans.second.id);
    expect(joined).toMatchObject({ status: 200 });
    const { id: linkId } = joined.body as Made;
    const put = (planId: string) =>
      server.request('PUT', `/plangrouplinks/${linkId}`, { ...(joined.body as Made), planId });
    expect(await put(plans.other.id)).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED' } });
    expect(await put(plans.second.id)).toMatchObject({ status: 200 });
  });
});

describe('at the same time', () => {
  test('of many attachments of one product one is accepted', async () => {
    const { id } = await account(server);
    const bodies = [plans.first, plans.second, plans.first, plans.second, plans.first];
    const answers = await Promise.all(bodies.map(({ id: planId }) => attach(id, { planId })));
    expect(statuses(answers)).toEqual([200, 400, 400, 400, 400]);
  });

  test.each([1, 2, 3, 4])(
    'an attachment and a new member of an attached group do not clash (%i)',
    async () => {
      const { id } = await account(server);
      const group = await groupOf(plans.other);
      await attach(id, { planGroupId: group.id });
      const both = [attach(id, { planId: plans.first.id }), link(group.id, plans.second.id)];
      expect(statuses(await Promise.all(both))).toEqual([200, 400]);
    },
  );

  test.each([1, 2, 3, 4])('the attachment of a group and a new member of it do not clash (%i)', async () => {
    const { id } = await account(server);
    const group = await groupOf(plans.other);
    await attach(id, { planId: plans.first.id });
    const both = [attach(id, { planGroupId: group.id }), link(group.id, plans.second.id)];
    expect(statuses(await Promise.all(both))).toEqual([200, 400]);
  });

  test('one of several replacements is made', async () => {
    const { id } = await account(server);
    const { body } = await attach(id, { planId: plans.first.id });
    const replacement = { accountId: id, planId: plans.second.id, startDate: JUNE };
    const path = `/accountplans/${(body as Made).id}/replace`;
    const answers = await Promise.all([1, 2, 3].map(() => server.request('POST', path, replacement)));
    expect(statuses(answers)).toEqual([200, 400, 400]);
  });
});

describe('a replacement', () => {
  test('ends the original where the new one starts', async () => {
    const { id } = await account(server);
    const { body } = await attach(id, { planId: plans.first.id, code: 'kept' });
    const replacement = { accountId: id, planId: plans.second.id, startDate: JUNE };
    const path = `/accountplans/${(body as Made).id}/replace`;
    const answer = await server.request('POST', path, replacement);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        originalAccountPlan: { id: (body as Made).id, version: 2, endDate: JUNE, code: 'kept' },
        newAccountPlan: { version: 1, startDate: JUNE, planId: plans.second.id },
      },
    });
  });

  test('that is refused leaves the original as it was', async () => {
    const { id } = await account(server);
    const { body } = await attach(id, { planId: plans.first.id });
    const later = { planId: plans.second.id, startDate: '2024-09-01T00:00:00Z' };
    await server.request('POST', `/accountplans/${(body as Made).id}/replace`, { accountId: id, ...later });
    const again = { accountId: id, planId: plans.second.id, startDate: JUNE };
    const answer = await server.request('POST', `/accountplans/${(body as Made).id}/replace`, again);
    expect(answer).toMatchObject({ status: 400 });
    const stored = await server.request('GET', `/accountplans/${(body as Made).id}`);
    expect(stored.body).toMatchObject({ version: 2, endDate: later.startDate });
  });
});

test('bespoke plans and groups stay with their account', async () => {
  const [{ id }, { id: stranger }] = [await account(server), await account(server)];
  const bespoke = await plan(server, { accountId: id });
  const group = await planGroup(server, { accountId: id });
  expect(bespoke).toMatchObject({ bespoke: true });
  expect(await attach(stranger, { planId: bespoke.id })).toMatchObject({ status: 400 });
  expect(await attach(stranger, { planGroupId: group.id })).toMatchObject({ status: 400 });
  expect(await link((await planGroup(server)).id, bespoke.id)).toMatchObject({ status: 400 });
  expect(await link(group.id, bespoke.id)).toMatchObject({ status: 200 });
  expect(await attach(id, { planGroupId: group.id })).toMatchObject({ status: 200 });
});

test('a contract of the parent takes the plans of a child, one of a stranger does not', async () => {
  const parent = await account(server);
  const [child, stranger] = [await account(server, { parentAccountId: parent.id }), await account(server)];
  const terms = { name: 'Terms', startDate: '2024-01-01', endDate: '2025-01-01' };
  const ofParent = await created(server, '/contracts', { ...terms, accountId: parent.id });
  const ofStranger = await created(server, '/contracts', { ...terms, accountId: stranger.id });
  const planId = plans.first.id;
  expect(await attach(child.id, { planId, contractId: ofStranger.id })).toMatchObject({
    status: 400,
    body: { code: 'REFERENCE_NOT_FOUND' },
  });
  expect(await attach(child.id, { planId, contractId: ofParent.id })).toMatchObject({ status: 200 });
});

test('lists by account have what is active, unless asked otherwise', async () => {
  const { id } = await account(server);
  const ended = await attach(id, { planId: plans.first.id, endDate: JUNE });
  const active = await attach(id, { planId: plans.second.id, startDate: JUNE });
  const group = await attach(id, { planGroupId: (await groupOf(plans.other)).id });
  const [endedId, activeId, groupId] = [ended, active, group].map(({ body }) => (body as Made).id);
  const productId = (active.body as Made)['productId'];
  const listed = async (query: string) => {
    const { body } = await server.request('GET', `/accountplans?${query}`);
    return (body as { data: Made[] }).data.map((item) => item.id);
  };
  expect(await listed(`account=${id}`)).toEqual([groupId, activeId]);
  expect(await listed(`account=${id}&includeall=TRUE`)).toEqual([groupId, activeId, endedId]);
  expect(await listed(`account=${id}&date=2024-03-01`)).toEqual([groupId, endedId]);
  expect(await listed(`account=${id}&product=${productId}`)).toEqual([activeId]);
  expect(await listed(`account=${id}&plan=${plans.first.id}&includeall=true`)).toEqual([endedId]);
});
