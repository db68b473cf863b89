import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '../../src/registry.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ role: 'api' });
});
afterAll(() => server.close());

async function pageOf(path: string): Promise<string> {
  const answer = await server.raw('GET', path);
  expect(answer, path).toMatchObject({ status: 200 });
  return String(answer.body);
}

test('the start of the reference leads to every operation', async () => {
  const page = await pageOf('/docs');
  for (const { id, tag } of operations) expect(page).toContain(`/docs/${encodeURIComponent(tag)}#${id}`);
  for (const id of ['GenerateToken', 'ListOrganizations']) expect(page).toContain(`#${id}`);
});

test('the page of each group describes its operations and what they need', async () => {
  for (const tag of new Set(operations.map((operation) => operation.tag))) {
    const page = await pageOf(`/docs/${encodeURIComponent(tag)}`);
    for (const { id } of operations.filter((operation) => operation.tag === tag)) {
      expect(page).toContain(`<code>${id}</code>`);
    }
  }
  expect(await pageOf('/docs/Usage')).toContain('or analytics:query on analytics:usage');
});

test('there is no page of an unknown group', async () => {
  expect(await server.raw('GET', '/docs/nothing')).toMatchObject({ status: 404 });
});
