import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/kernel/ids.ts';
import { attach, type Bill, pricedUsage, runJob, theBillOf } from '../support/billing.ts';
import { account, created, type Made, product } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
let plan: Made;
beforeAll(async () => {
  server = await startTestServer();
  ({ plan } = await pricedUsage(server, { template: { standingCharge: 10 } }));
});
afterAll(() => server.close());

const MAY = { lastDateInBillingPeriod: '2024-05-31', billingFrequency: 'MONTHLY' };

/** A bill of 10 for May of a new account, or of the one given. */
async function billed(acme?: Made): Promise<Bill> {
  const owner = acme ?? (await account(server));
  await attach(server, owner, plan);
  await runJob(server, { ...MAY, accountIds: [owner.id] });
  return theBillOf(server, owner);
}

function credits(bill: Made): string {
  return `/bills/${bill.id}/creditlineitems`;
}

function debits(bill: Made): string {
  return `/bills/${bill.id}/debitlineitems`;
}

const SORRY = { amount: 4, description: 'Sorry' };

function credit(bill: Made, fields: object = {}): Promise<Made> {
  return created(server, credits(bill), { ...SORRY, ...fields });
}

async function current(bill: Made): Promise<Bill> {
  return (await server.request('GET', `/bills/${bill.id}`)).body as Bill;
}

function linesText(bill: Bill): string[] {
  return bill.lineItems.map((line) => `${line.lineItemType} ${line.subtotal} ${line.convertedSubtotal}`);
}

async function recalculate(bill: Made): Promise<Bill> {
  await runJob(server, { billIds: [bill.id] }, '/billjobs/recalculate');
  return current(bill);
}

async function eventNames(bill: Made): Promise<string[]> {
  const { body } = await server.request('GET', `/events?resourceId=${bill.id}`);
  return (body as { data: { eventName: string }[] }).data.map((event) => event.eventName);
}

test('memos are lines of the bill under their own ids and count in its total', async () => {
  const bill = await billed();
  const sorry = await credit(bill);
  const extra = await created(server, debits(bill), { amount: 1.5, description: 'Extra work' });
  const after = await current(bill);
  // 10 - 4 + 1.5 = 7.5; lines without a product are in the order of their descriptions
  expect(linesText(after)).toEqual(['STANDING_CHARGE 10 10', 'DEBIT_MEMO 1.5 1.5', 'CREDIT_MEMO -4 -4']);
  expect(after).toMatchObject({ billTotal: 7.5, version: 3, statementStale: false });
  expect(after.lineItems.slice(1).map((line) => line.id)).toEqual([extra.id, sorry.id]);
  const { body } = await server.request('GET', `/bills/${bill.id}/lineitems/${sorry.id}`);
  expect(body).toMatchObject({
    id: sorry.id,
    sequenceNumber: 3,
    quantity: 1,
    units: 1,
    averageUnitPrice: -4,
  });
  expect(await eventNames(bill)).toEqual([
    'billing.bill.updated',
    'billing.bill.updated',
    'billing.bill.created',
  ]);
});

test('what a memo leaves out comes from the bill and the product', async () => {
  const bill = await billed();
  const { id: productId, name } = await product(server);
  const memo = await credit(bill, { productId });
  expect(memo).toEqual({
    ...SORRY,
    id: memo.id,
    version: 1,
    lineItemType: 'CREDIT_MEMO',
    productId,
    servicePeriodStartDate: '2024-05-01T00:00:00Z',
    servicePeriodEndDate: '2024-06-01T00:00:00Z',
    dtCreated: expect.any(String),
    dtLastModified: memo['dtCreated'],
    createdBy: expect.any(String),
    lastModifiedBy: memo['createdBy'],
  });
  expect((await current(bill)).lineItems[1]).toMatchObject({
    productName: name,
    accountingProductId: productId,
    accountingProductName: name,
    servicePeriodEndDate: '2024-06-01T00:00:00Z',
  });
  const dated = await credit(bill, { servicePeriodStartDate: '2024-04-01' });
  expect(dated).toMatchObject({ servicePeriodStartDate: '2024-04-01T00:00:00Z' });
});

test('the part of a credit that applies to the bill lowers its total, even below 0', async () => {
  const bill = await billed();
  await credit(bill, { amount: 50, amountToApplyOnBill: 12.5 });
  const after = await current(bill);
  // 10 - 12.5 = -2.5
  expect(linesText(after)).toEqual(['STANDING_CHARGE 10 10', 'CREDIT_MEMO -50 -12.5']);
  expect(after.billTotal).toBe(-2.5);
});

test('an update and a delete of a memo move the total along', async () => {
  const bill = await billed();
  const memo = await credit(bill, { amountToApplyOnBill: 1 });
  const path = `${credits(bill)}/${memo.id}`;
  const sent = { ...SORRY, amount: 3 };
  expect(await server.request('PUT', path, sent)).toMatchObject({ body: { code: 'VERSION_REQUIRED' } });
  expect(await server.request('PUT', path, { ...sent, version: 2 })).toMatchObject({
    status: 400,
    body: { code: 'VERSION_MISMATCH' },
  });
  expect(await current(bill), 'after refusals').toMatchObject({ version: 2, billTotal: 9 });
  const { body } = await server.request('PUT', path, { ...sent, version: 1 });
  expect(body).toMatchObject({ id: memo.id, version: 2, amount: 3 });
  expect(await current(bill)).toMatchObject({ version: 3, billTotal: 7 });
  expect(await server.request('DELETE', path)).toMatchObject({ status: 200, body });
  expect(await current(bill)).toMatchObject({ version: 4, billTotal: 10, lineItems: bill.lineItems });
  expect(await server.request('GET', path)).toMatchObject({ status: 404 });
});

test('a memo takes the approval of its bill away and makes its statement stale', async () => {
  const bill = await billed();
  await server.request('PUT', `/bills/${bill.id}/status`, { status: 'APPROVED' });
  await sql`update bill set json_statement_generated = true where id = ${bill.id}`.execute(server.context.db);
  await credit(bill);
  const after = await current(bill);
  expect(after).toMatchObject({ status: 'PENDING', statementStale: true, billTotal: 6 });
  expect(after).not.toHaveProperty('approvedBy');
  expect(after['lastCalculatedDate'], 'nothing was calculated').toBe(bill['lastCalculatedDate']);
});

test('a locked bill takes no memos and keeps those that it has', async () => {
  const bill = await billed();
  const memo = await credit(bill);
  await server.request('PUT', `/bills/${bill.id}/status`, { status: 'APPROVED' });
  await server.request('PUT', `/bills/${bill.id}/lock`);
  const locked = await current(bill);
  const refused = { status: 400, body: { code: 'BILL_LOCKED' } };
  const path = `${credits(bill)}/${memo.id}`;
  expect(await server.request('POST', debits(bill), SORRY)).toMatchObject(refused);
  expect(await server.request('PUT', path, { ...SORRY, version: 1 })).toMatchObject(refused);
  expect(await server.request('DELETE', path)).toMatchObject(refused);
  expect(await server.request('GET', path)).toMatchObject({ status: 200, body: memo });
  expect(await current(bill)).toEqual(locked);
});

test('a recalculation keeps the memos and their ids', async () => {
  const bill = await billed();
  const memo = await credit(bill);
  const { lineItems } = await current(bill);
  expect(await recalculate(bill)).toMatchObject({ billTotal: 6, lineItems });
  const { body } = await server.request('GET', credits(bill));
  expect(body).toEqual({ data: [memo] });
});

test('memos on a bill with nothing else stay', async () => {
  const acme = await account(server);
  const { plan: free } = await pricedUsage(server);
  await attach(server, acme, free);
  await runJob(server, { ...MAY, accountIds: [acme.id] });
  const bill = await theBillOf(server, acme);
  expect(bill.lineItems).toEqual([]);
  await created(server, debits(bill), { amount: 20, description: 'Setup' });
  expect(linesText(await recalculate(bill))).toEqual(['DEBIT_MEMO 20 20']);
});

test('memos that come while bills are calculated are all kept', async () => {
  const bill = await billed();
  const jobs = [1, 2, 3].map(() => recalculate(bill));
  await Promise.all([...jobs, ...[1, 2, 3, 4, 5, 6].map((amount) => credit(bill, { amount }))]);
  // 10 - (1 + 2 + 3 + 4 + 5 + 6) = -11; six memos and three calculations upon version 1
  const after = await current(bill);
  expect(after).toMatchObject({ billTotal: -11, version: 10 });
  expect(after.lineItems.map((line) => line.subtotal).toSorted((a, b) => a - b)).toEqual([
    -6, -5, -4, -3, -2, -1, 10,
  ]);
});

test.each([
  ['an amount of 0', { amount: 0 }, 'amount'],
  ['more to apply than there is', { amountToApplyOnBill: 4.01 }, 'amountToApplyOnBill'],
  ['less than nothing to apply', { amountToApplyOnBill: -1 }, 'amountToApplyOnBill'],
  ['the type of a debit', { lineItemType: 'DEBIT_MEMO' }, 'lineItemType'],
  ['no description', { description: '' }, 'description'],
  ['an end that is no later than the start', { servicePeriodEndDate: '2024-05-01' }, 'servicePeriodEndDate'],
])('%s is refused and nothing is written', async (_, fields, field) => {
  const bill = await billed();
  const answer = await server.request('POST', credits(bill), { ...SORRY, ...fields });
  expect(answer).toMatchObject({ status: 400, body: { code: 'VALIDATION_FAILED', errors: [{ field }] } });
  expect(await current(bill)).toEqual(bill);
});

test('what does not exist or belongs to another account cannot be referred to', async () => {
  const [bill, stranger] = [await billed(), await billed()];
  const [line] = stranger.lineItems;
  const refused = (field: string) => ({
    status: 400,
    body: { code: 'REFERENCE_NOT_FOUND', errors: [{ field }] },
  });
  const send = (fields: object) => server.request('POST', credits(bill), { ...SORRY, ...fields });
  expect(await send({ productId: newId() })).toMatchObject(refused('productId'));
  expect(await send({ referencedBillId: newId() })).toMatchObject(refused('referencedBillId'));
  expect(await send({ referencedBillId: stranger.id })).toMatchObject(refused('referencedBillId'));
  expect(await send({ referencedLineItemId: line?.id })).toMatchObject(refused('referencedLineItemId'));
  expect(await current(bill)).toEqual(bill);
});

test('a memo of a child may refer to a bill of the parent, and to no line but of that bill', async () => {
  const parent = await account(server);
  const child = await account(server, { parentAccountId: parent.id });
  await created(server, '/accountplans', {
    accountId: child.id,
    planId: plan.id,
    startDate: '2024-01-01T00:00:00Z',
    childBillingMode: 'CHILD',
  });
  const onParent = await billed(parent);
  const onChild = await theBillOf(server, child);
  const reference = { referencedBillId: onParent.id, referencedLineItemId: onParent.lineItems[0]?.id };
  expect(await credit(onChild, reference)).toMatchObject(reference);
  expect((await current(onChild)).lineItems.at(-1)).toMatchObject(reference);
  const crossed = { ...SORRY, referencedBillId: onChild.id, referencedLineItemId: onParent.lineItems[0]?.id };
  expect(await server.request('POST', credits(onChild), crossed)).toMatchObject({
    body: { code: 'REFERENCE_NOT_FOUND', errors: [{ field: 'referencedLineItemId' }] },
  });
});

test('a memo outlives the bill that it refers to, and keeps the reference when it changes', async () => {
  const acme = await account(server);
  const may = await billed(acme);
  const month = { ...MAY, lastDateInBillingPeriod: '2024-06-30', accountIds: [acme.id] };
  const job = await runJob(server, month);
  const june = await current({ id: job.billIds[0] ?? '', version: 1 });
  const [line, other] = [may.lineItems[0]?.id, june.lineItems[0]?.id];
  const memo = await credit(june, { referencedBillId: may.id, referencedLineItemId: line });
  expect(await server.request('DELETE', `/bills/${may.id}`)).toMatchObject({ status: 200 });
  const path = `${credits(june)}/${memo.id}`;
  const { body } = await server.request('GET', path);
  expect(body).toMatchObject({ referencedBillId: may.id });
  const put = (fields: object) => server.request('PUT', path, { ...(body as Made), ...fields });
  const refused = { status: 400, body: { code: 'REFERENCE_NOT_FOUND' } };
  expect(await put({ referencedLineItemId: other })).toMatchObject(refused);
  expect(await put({ referencedBillId: june.id })).toMatchObject(refused);
  expect(await put({ amount: 5 })).toMatchObject({ status: 200, body: { referencedLineItemId: line } });
  expect(await server.request('POST', credits(june), { ...SORRY, referencedBillId: may.id })).toMatchObject(
    refused,
  );
});

test('a reason is named in either way, and one that is in use cannot be deleted', async () => {
  const bill = await billed();
  const reason = await created(server, '/picklists/creditreasons', { name: 'Outage' });
  const memo = await credit(bill, { reasonId: reason.id });
  expect(memo).toMatchObject({ creditReasonId: reason.id });
  expect((await current(bill)).lineItems[1]).toMatchObject({ reasonId: reason.id });
  const path = `/picklists/creditreasons/${reason.id}`;
  expect(await server.request('DELETE', path)).toMatchObject({
    status: 400,
    body: { code: 'ENTITY_IN_USE', message: expect.stringContaining(memo.id) },
  });
  await server.request('DELETE', `/bills/${bill.id}`);
  expect(await server.request('DELETE', path), 'gone with the bill').toMatchObject({ status: 200 });
});

test('an archived reason stays on its memos and takes no others', async () => {
  const bill = await billed();
  const reason = await created(server, '/picklists/debitreasons', { name: 'Late' });
  const named = { ...SORRY, debitReasonId: reason.id };
  const memo = await created(server, debits(bill), named);
  const archive = { name: 'Late', archived: true, version: 1 };
  await server.request('PUT', `/picklists/debitreasons/${reason.id}`, archive);
  const refused = { status: 400, body: { errors: [{ field: 'debitReasonId' }] } };
  expect(await server.request('POST', debits(bill), named)).toMatchObject(refused);
  const kept = await server.request('PUT', `${debits(bill)}/${memo.id}`, { ...named, version: 1 });
  expect(kept).toMatchObject({ status: 200, body: { debitReasonId: reason.id } });
  const other = await created(server, debits(bill), SORRY);
  const changed = await server.request('PUT', `${debits(bill)}/${other.id}`, { ...named, version: 1 });
  expect(changed).toMatchObject(refused);
});

test('a memo is found on its own bill and among its own kind only', async () => {
  const [bill, other] = [await billed(), await billed()];
  const memo = await credit(bill);
  const missing = { status: 404, body: { code: 'NOT_FOUND' } };
  expect(await server.request('GET', `${credits(other)}/${memo.id}`)).toMatchObject(missing);
  expect(await server.request('DELETE', `${debits(bill)}/${memo.id}`)).toMatchObject(missing);
  for (const id of [newId(), 'may']) {
    expect(await server.request('GET', credits({ id, version: 1 }))).toMatchObject(missing);
    expect(await server.request('POST', debits({ id, version: 1 }), {})).toMatchObject(missing);
  }
  expect(await server.request('GET', debits(bill))).toMatchObject({ body: { data: [] } });
});
