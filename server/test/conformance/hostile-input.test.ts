import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jsonSchemaOf } from '../../src/api/openapi.ts';
import type { Operation } from '../../src/api/operation.ts';
import { ERROR_STATUS } from '../../src/kernel/errors.ts';
import { operations } from '../../src/registry.ts';
import { type HostileRequest, hostileRequests } from '../support/hostile-requests.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

const AT_LEAST = 20_000;
const AT_ONCE = 16;
/** The largest bodies are 1 MB; what is not let go of piles up to far more than this. */
const MEMORY_BYTES = 700_000_000;

let server: TestServer;
let digest: string;

beforeAll(async () => {
  server = await startTestServer();
  digest = await stored();
});
afterAll(() => server.close());

async function tables(): Promise<string[]> {
  const { rows } = await sql<{ tableName: string }>`
    select table_name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`.execute(server.context.db);
  return rows.map((row) => row.tableName);
}

/** Every row of every table; jobs of the queue and their marks do not belong to what requests write. */
async function stored(): Promise<string> {
  const lines: string[] = [];
  for (const table of await tables()) {
    const { rows } = await sql<{ count: number; hash: string | null }>`
      select count(*)::int as count, md5(string_agg(t::text, '|' order by t::text)) as hash
      from ${sql.table(table)} t`.execute(server.context.db);
    lines.push(`${table} ${rows[0]?.count} ${rows[0]?.hash}`);
  }
  return lines.join('\n');
}

function fieldsOf(schema: Operation['body'] | Operation['query']): string[] {
  return schema ? Object.keys((jsonSchemaOf(schema)['properties'] ?? {}) as object) : [];
}

/** What is not as documented about the answer; null when it is. */
async function complaint({ operation, url, body, contentType }: HostileRequest): Promise<string | null> {
  const headers = { authorization: server.authorization, 'content-type': contentType };
  const request = body === null ? { headers } : { headers, body };
  const answer = await server.raw(operation.method, url, request);
  const sent = `${operation.id} ${operation.method} ${url.slice(0, 300)} with ${body?.slice(0, 300)}`;
  // Reading with a parameter that happens to be valid is fine; hostile writes are all refused.
  if (answer.status === 200) return operation.method === 'GET' ? null : `accepted: ${sent}`;
  const { message, code } = (answer.body ?? {}) as { message?: string; code?: keyof typeof ERROR_STATUS };
  const isDocumented = message && code && ERROR_STATUS[code] === answer.status;
  const isRefusal = [400, 403, 404, 429].includes(answer.status);
  return isDocumented && isRefusal ? null : `${answer.status} ${code} ${message}: ${sent}`;
}

test('whatever is sent is refused with a documented code, and nothing is stored', async () => {
  const queue = operations.flatMap((operation) =>
    hostileRequests(operation, {
      orgId: server.orgId,
      fields: fieldsOf(operation.body),
      parameters: fieldsOf(operation.query),
    }),
  );
  expect(queue.length).toBeGreaterThanOrEqual(AT_LEAST);
  const before = process.memoryUsage().rss;
  let next = 0;
  let peak = before;
  const complaints: string[] = [];
  const worker = async () => {
    for (let request = queue[next++]; request; request = queue[next++]) {
      const found = await complaint(request);
      if (found) complaints.push(found);
      if (next % 500 === 0) peak = Math.max(peak, process.memoryUsage().rss);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  expect(complaints.slice(0, 20)).toEqual([]);
  expect(await stored()).toBe(digest);
  expect(peak - before).toBeLessThan(MEMORY_BYTES);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
}, 120_000);
