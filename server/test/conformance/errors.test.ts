import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { ERROR_CODES } from '../../src/kernel/error-codes.ts';
import { ERROR_STATUS } from '../../src/kernel/errors.ts';

const statuses = Object.entries(ERROR_STATUS).map(([code, status]) => ({ code, status }));

test('the document of errors lists every code with its status and the words of the registry', async () => {
  const text = await readFile(new URL('../../../docs/api/errors.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `(\w+)` \| (\d+) \| (.+) \| (.+) \|$/gm)].map((row) => row.slice(1));
  const wanted = Object.entries(ERROR_CODES).map(([code, { when, what }]) => [
    code,
    String(ERROR_STATUS[code as keyof typeof ERROR_STATUS]),
    when,
    what,
  ]);
  expect(rows).toEqual(wanted);
});

test('the OpenAPI document names the same codes', async () => {
  const document = JSON.parse(await readFile(new URL('../../openapi.json', import.meta.url), 'utf8'));
  const { code } = document.components.schemas.Problem.properties;
  expect(code.enum).toEqual(statuses.map((entry) => entry.code));
});

test('every code has words, and no status is one that the API does not use', () => {
  expect(Object.keys(ERROR_CODES).sort()).toEqual(statuses.map((entry) => entry.code).sort());
  const known = [400, 401, 403, 404, 413, 429, 500, 502, 504];
  expect(statuses.filter(({ status }) => !known.includes(status))).toEqual([]);
});
