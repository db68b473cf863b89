import type { PublicRoute } from './app.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';

/** `GET /openapi.json`: the document of these operations and routes, without sign-in. */
export function openApiRoute(operations: readonly Operation[], routes: readonly PublicRoute[]): PublicRoute {
  const document = openApiDocument(operations, routes);
  return { method: 'GET', path: '/openapi.json', serve: async () => document };
}
