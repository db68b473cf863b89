import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../kernel/errors.ts';
import type { PublicRoute } from './app.ts';
import type { JsonSchema } from './fields.ts';
import { PAGE_HEADERS, type Page, pageText } from './html.ts';
import { openApiDocument } from './openapi.ts';
import type { Operation } from './operation.ts';
import type { Permission } from './permission.ts';
import { indexPage, type ReferenceOperation, tagPage } from './reference-page.ts';

type Paths = { readonly [path: string]: { readonly [method: string]: JsonSchema } };
type Schemas = { readonly [name: string]: JsonSchema };

/**
 * `GET /docs` and `GET /docs/{tag}`: the reference of these operations and routes for people, without
 * sign-in.
 */
export function referenceRoutes(
  operations: readonly Operation[],
  routes: readonly PublicRoute[],
): PublicRoute[] {
  const pages = new Map<string, string>();
  const serve = async (_ctx: Context, request: FastifyRequest, reply: FastifyReply) => {
    if (pages.size === 0)
      for (const [tag, page] of pagesOf(operations, routes)) pages.set(tag, pageText(page));
    const { tag = '' } = request.params as { readonly tag?: string };
    const text = pages.get(tag);
    if (text === undefined) throw new ApiError('NOT_FOUND', 'there is no such group of operations');
    return reply.headers({ ...PAGE_HEADERS, 'cache-control': 'public, max-age=300' }).send(text);
  };
  return [
    { method: 'GET', path: '/docs', serve },
    { method: 'GET', path: '/docs/:tag', serve },
  ];
}

/** All pages by tag; the index has the empty one. */
function pagesOf(operations: readonly Operation[], routes: readonly PublicRoute[]): Map<string, Page> {
  const document = openApiDocument(operations, routes);
  const { schemas } = document['components'] as { readonly schemas: Schemas };
  const paths = document['paths'] as Paths;
  const described = [
    ...routes.flatMap((route) => referenceOfRoute(route, paths)),
    ...operations.map((operation) => referenceOperation(operation, paths)),
  ];
  const pages = new Map<string, Page>([['', indexPage(described)]]);
  for (const { tag } of described) {
    const own = described.filter((operation) => operation.tag === tag);
    if (!pages.has(tag)) pages.set(tag, tagPage(tag, own, schemas));
  }
  return pages;
}

function referenceOperation(operation: Operation, paths: Paths): ReferenceOperation {
  const { id, method, tag, summary } = operation;
  const path = `/organizations/{orgId}${operation.path}`;
  const described = paths[path]?.[method.toLowerCase()] ?? {};
  return { id, method, path, tag, summary, needs: needsOf(operation), described };
}

const SIGN_IN = { bearer: 'a token', basic: 'an access key and its secret', none: 'no sign-in' };

function referenceOfRoute(
  { method, path, described: facts }: PublicRoute,
  paths: Paths,
): ReferenceOperation[] {
  if (!facts) return [];
  const { id, tag, summary, signIn } = facts;
  const described = paths[path]?.[method.toLowerCase()] ?? {};
  return [{ id, method, path, tag, summary, needs: SIGN_IN[signIn], described }];
}

function needsOf({ permission, alsoNeeds = [], insteadOfAll }: Operation): string {
  if (permission === null) return SIGN_IN.bearer;
  const words = (one: Permission) => `${one.action} on ${one.resource}`;
  const needs = [permission, ...alsoNeeds].map(words).join(' and ');
  return insteadOfAll ? `${needs}, or ${words(insteadOfAll)}` : needs;
}
