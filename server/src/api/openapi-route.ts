import type { PublicRoute } from './app.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';

/** `GET /openapi.json`: the document of these operations, without sign-in. */
export function openApiRoute(operations: readonly Operation[]): PublicRoute {
  const document = openApiDocument(operations);
  return { method: 'GET', path: '/openapi.json', serve: async () => document };
}
