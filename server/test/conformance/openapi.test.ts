import { readFile } from 'node:fs/promises';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { openApiDocument } from '../../src/api/openapi.ts';
import { operations, publicRoutes } from '../../src/registry.ts';

test('the committed document is what the registry declares (npm run openapi rewrites it)', async () => {
  const committed = JSON.parse(await readFile(new URL('../../openapi.json', import.meta.url), 'utf8'));
  expect(committed).toEqual(JSON.parse(JSON.stringify(openApiDocument(operations, publicRoutes))));
});

test('every operation has an id and a place of its own', () => {
  const ids = operations.map((operation) => operation.id);
  const places = operations.map(({ method, path }) => `${method} ${path.replaceAll(/\{\w+\}/g, '{}')}`);
  expect(new Set(ids).size).toBe(ids.length);
  expect(new Set(places).size).toBe(places.length);
});

test('the document is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(
    JSON.parse(JSON.stringify(openApiDocument(operations, publicRoutes))),
  );
  expect(result).toMatchObject({ valid: true });
});

test('every parameter in a path is described, and every reference leads somewhere', () => {
  const document = JSON.parse(JSON.stringify(openApiDocument(operations, publicRoutes)));
  for (const [path, methods] of Object.entries<Record<string, { parameters: Named[] }>>(document.paths)) {
    const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();
    for (const { parameters } of Object.values(methods)) {
      const described = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect(described.sort(), path).toEqual(wanted);
    }
  }
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g);
  for (const [, kind = '', name = ''] of references) expect(document.components[kind]).toHaveProperty([name]);
});

type Named = { readonly name: string; readonly in: string };
