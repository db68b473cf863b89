import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jsonSchemaOf } from '../../src/api/openapi.ts';
import type { Operation } from '../../src/api/operation.ts';
import { ERROR_STATUS } from '../../src/kernel/errors.ts';
import { newId } from '../../src/kernel/ids.ts';
import { operations } from '../../src/registry.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** Values that no field of a request is meant for, as JSON text. */
const HOSTILE = [
  '""',
  '"\\u0000"',
  '"\\ud800"',
  '"\'; drop table product; --"',
  '"../../etc/passwd"',
  `"${'x'.repeat(100_000)}"`,
  '-1',
  '1e400',
  '123456789012345678901234567890123456789012345',
  '0.00000000000000000000000000000000000000000001',
  'true',
  '[]',
  '[null]',
  '{}',
  '{"__proto__":{"polluted":true},"constructor":{"prototype":{}}}',
  `${'['.repeat(60)}${']'.repeat(60)}`,
];

const BODIES = [
  '',
  'null',
  '[]',
  '"text"',
  '{',
  '{"a":1,}',
  '\u0000',
  `{"x":${'{"x":'.repeat(200)}1${'}'.repeat(201)}`,
];

function urlOf(operation: Operation): string {
  return `/organizations/${server.orgId}${operation.path.replaceAll(/\{\w+\}/g, newId())}`;
}

async function mustBeRefusedOrFine(operation: Operation, url: string, body?: string): Promise<void> {
  const headers = { authorization: server.authorization, 'content-type': 'application/json' };
  const answer = await server.raw(operation.method, url, {
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const sent = `${operation.id} ${url} with ${body?.slice(0, 200)}`;
  if (answer.status === 200) return;
  const { message, code } = answer.body as { message?: string; code?: keyof typeof ERROR_STATUS };
  expect([400, 403, 404, 429], `${sent}: ${message}`).toContain(answer.status);
  expect(message, sent).toBeTruthy();
  expect(ERROR_STATUS[code ?? 'INTERNAL'], sent).toBe(answer.status);
}

/** A valid value for the other fields is not needed: fields are checked one by one and reported together. */
function bodiesWith(field: string): string[] {
  return HOSTILE.map((value) => `{"version":1,"${field}":${value}}`);
}

const withBody = operations.filter((operation) => operation.body !== null);
const withQuery = operations.filter((operation) => operation.query !== null);

describe.each(withBody.map((operation) => ({ id: operation.id, operation })))(
  'body of $id',
  ({ operation }) => {
    test('is refused with a documented code whatever a field holds', async () => {
      const fields = Object.keys((jsonSchemaOf(operation.body!)['properties'] ?? {}) as object);
      const url = urlOf(operation);
      for (const body of [...BODIES, ...fields.flatMap(bodiesWith)])
        await mustBeRefusedOrFine(operation, url, body);
    });
  },
);

describe.each(withQuery.map((operation) => ({ id: operation.id, operation })))(
  'query of $id',
  ({ operation }) => {
    test('is refused with a documented code whatever a parameter holds', async () => {
      const names = Object.keys((jsonSchemaOf(operation.query!)['properties'] ?? {}) as object);
      const values = [
        '',
        '-1',
        'x',
        '%00',
        "';--",
        '%ud800',
        'a,b,,c',
        '2024-02-30',
        '9'.repeat(400),
        '%F0%9F%98%80',
      ];
      for (const name of names) {
        for (const value of values) {
          await mustBeRefusedOrFine(operation, `${urlOf(operation)}?${name}=${value}`);
          await mustBeRefusedOrFine(operation, `${urlOf(operation)}?${name}=${value}&${name}=${value}`);
        }
      }
    });
  },
);

test('objects have got no new properties and no tables are missing', async () => {
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  const { rows } = await sql<{ count: string }>`select count(*)::text as count from product`.execute(
    server.context.db,
  );
  expect(rows[0]?.count).toBeDefined();
});
