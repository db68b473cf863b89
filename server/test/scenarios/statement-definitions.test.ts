import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '../../src/kernel/ids.ts';
import { account, type Made } from '../support/configured.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

async function definition(): Promise<Made> {
  const answer = await server.request('POST', '/statementdefinitions', { aggregationFrequency: 'MONTH' });
  expect(answer).toMatchObject({ status: 200 });
  return answer.body as Made;
}

const IN_USE = { status: 400, body: { code: 'ENTITY_IN_USE' } };

test('a definition that an account has is not deleted', async () => {
  const { id } = await definition();
  const holder = await account(server);
  const path = `/accounts/${holder.id}`;
  const held = await server.request('PUT', path, { ...holder, statementDefinitionId: id });
  expect(held).toMatchObject({ status: 200 });
  expect(await server.request('DELETE', `/statementdefinitions/${id}`)).toMatchObject(IN_USE);
  await server.request('PUT', path, { ...holder, version: 2 });
  expect(await server.request('DELETE', `/statementdefinitions/${id}`)).toMatchObject({ status: 200 });
});

test('the default definition of the organization is not deleted, and an unknown one is refused', async () => {
  const { id } = await definition();
  const { body } = await server.request('GET', '/organizationconfig');
  const config = body as Made & { version: number };
  const put = (defaultStatementDefinitionId: string | null, version: number) =>
    server.request('PUT', '/organizationconfig', { ...config, version, defaultStatementDefinitionId });
  expect(await put(newId(), 1)).toMatchObject({ status: 400, body: { code: 'REFERENCE_NOT_FOUND' } });
  expect(await put(id, 1)).toMatchObject({ status: 200 });
  expect(await server.request('DELETE', `/statementdefinitions/${id}`)).toMatchObject(IN_USE);
  expect(await put(null, 2)).toMatchObject({ status: 200 });
  expect(await server.request('DELETE', `/statementdefinitions/${id}`)).toMatchObject({ status: 200 });
});

test('measures are summed unless the definition says otherwise, and their meter exists', async () => {
  const body = { aggregationFrequency: 'DAY', measures: [{ name: '' }] };
  const summed = await server.request('POST', '/statementdefinitions', body);
  expect(summed.body).toMatchObject({ measures: [{ aggregations: ['SUM'] }], dimensions: [] });
  const unknown = { ...body, measures: [{ name: 'bytes' }, { name: 'bytes', meterId: newId() }] };
  expect(await server.request('POST', '/statementdefinitions', unknown)).toMatchObject({
    status: 400,
    body: { code: 'REFERENCE_NOT_FOUND', errors: [{ field: 'measures[1].meterId' }] },
  });
});
