import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../kernel/errors.ts';
import { newId, uuidFromText } from '../kernel/ids.ts';
import { writeJson } from '../kernel/json.ts';
import { checked, jsonFromBody, mustBeStorable } from './body.ts';
import type { Operation, Principal } from './operation.ts';
import { isAllowed } from './permission.ts';
import { problemFrom } from './problem.ts';

/** Bodies of this size or more are refused (spec 10 §10). */
const MAX_BODY_BYTES = 512_000;

/**
 * What the application serves: declared operations, who a bearer token belongs to, routes outside of both.
 */
export type Product = {
  readonly operations: readonly Operation[];
  /** The principal of a valid bearer token, or null. */
  readonly principalOf: (ctx: Context, token: string) => Promise<Principal | null>;
  readonly publicRoutes: readonly PublicRoute[];
  /** Whether both stores answer and are migrated. */
  readonly isReady: (ctx: Context) => Promise<boolean>;
};

/** A route outside of the tenant path that needs no bearer token, such as `POST /oauth/token`. */
export type PublicRoute = {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  /** The body is handed on as a stream of any length and type, which the route must limit itself. */
  readonly takesStream?: true;
  readonly serve: (ctx: Context, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
};

/** The HTTP application. Order of checks: size, token, organization, permission, route, body (spec 10 §9). */
export function buildApp(ctx: Context, product: Product): FastifyInstance {
  const app = Fastify({
    loggerInstance: ctx.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES - 1,
    exposeHeadRoutes: false,
    genReqId: () => newId(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    // Long enough for a large upload over a slow line.
    requestTimeout: 900_000,
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemFrom(error, request.log);
    return send(reply.status(problem.status), problem.body);
  });
  app.setNotFoundHandler(async (request) => {
    const orgId = /^\/organizations\/([^/?]+)/.exec(request.url)?.[1];
    if (orgId !== undefined) await authenticated({ ctx, product, request, orgId });
    throw new ApiError('NOT_FOUND', 'there is no such path');
  });
  addHealthRoutes(app, ctx, product);
  for (const route of product.publicRoutes) addPublicRoute(app, ctx, route);
  for (const operation of product.operations) addOperation(app, { ctx, product, operation });
  return app;
}

function send(reply: FastifyReply, body: unknown): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(writeJson(body));
}

function addHealthRoutes(app: FastifyInstance, ctx: Context, product: Product): void {
  app.get('/health', async (_request, reply) => send(reply, { status: 'up' }));
  app.get('/readyz', async (_request, reply) => {
    const ready = await product.isReady(ctx);
    return send(reply.status(ready ? 200 : 503), {
      status: ready ? 'ready' : 'not ready',
      message: ready ? 'ready' : 'a store cannot be reached',
    });
  });
}

function addPublicRoute(app: FastifyInstance, ctx: Context, route: PublicRoute): void {
  app.register(async (scope) => {
    if (route.takesStream) {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
    }
    mountRoute(scope, ctx, route);
  });
}

function mountRoute(app: FastifyInstance, ctx: Context, route: PublicRoute): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: async (request, reply) => {
      const body = await route.serve(ctx, request, reply);
      return reply.sent ? reply : send(reply, body);
    },
  });
}

type Mounted = { readonly ctx: Context; readonly product: Product; readonly operation: Operation };

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
  }
}

function addOperation(app: FastifyInstance, { ctx, product, operation }: Mounted): void {
  const maxBytes = operation.maxBodyBytes ?? MAX_BODY_BYTES;
  app.route({
    method: operation.method,
    bodyLimit: maxBytes - 1,
    url: `/organizations/:orgId${operation.path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    onRequest: async (request) => {
      const length = request.headers['content-length'];
      if (length !== undefined && BigInt(/^\d{1,18}$/.test(length) ? length : '0') >= maxBytes) {
        throw new ApiError('PAYLOAD_TOO_LARGE', `the body must be smaller than ${maxBytes} bytes`);
      }
      const { orgId = '' } = request.params as Record<string, string>;
      request.principal = await authenticated({ ctx, product, request, orgId });
      authorize(request.principal, operation);
    },
    handler: async (request, reply) => send(reply, await answered(ctx, operation, request)),
  });
}

async function answered(ctx: Context, operation: Operation, request: FastifyRequest): Promise<unknown> {
  const { orgId: _, ...params } = request.params as Record<string, string>;
  if (Object.values(params).some((value) => value.includes('\u0000')))
    throw new ApiError('NOT_FOUND', 'there is nothing there');
  const principal = request.principal as Principal;
  mustBeStorable(request.query);
  const json = once(() => jsonFromBody(typeof request.body === 'string' ? request.body : ''));
  return operation.handle({
    ctx,
    orgId: principal.orgId,
    principal,
    params,
    query: operation.query ? checked(operation.query, { ...(request.query as object) }) : {},
    body: () => (operation.body ? checked(operation.body, json()) : json()),
    json,
    request,
  });
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

type Arrival = {
  readonly ctx: Context;
  readonly product: Product;
  readonly request: FastifyRequest;
  readonly orgId: string;
};

/** The caller, who must belong to the organization of the path; a foreign one looks like an unknown one. */
async function authenticated({ ctx, product, request, orgId }: Arrival): Promise<Principal> {
  const token = /^Bearer ([\w\-.]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  const principal = token ? await product.principalOf(ctx, token) : null;
  if (!principal) throw new ApiError('UNAUTHORIZED', 'a valid bearer token is required');
  if (uuidFromText(orgId) !== principal.orgId) {
    throw new ApiError('FORBIDDEN', 'the token does not belong to this organization');
  }
  return principal;
}

function authorize(principal: Principal, operation: Operation): void {
  if (operation.permission === null || isAllowed(principal.statements, operation.permission)) return;
  const { action, resource } = operation.permission;
  throw new ApiError('FORBIDDEN', `this needs the permission ${action} on ${resource}`);
}
