import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Context } from '../context.ts';
import { ApiError, RateLimited } from '../kernel/errors.ts';
import { newId, uuidFromText } from '../kernel/ids.ts';
import { writeJson } from '../kernel/json.ts';
import { tracedDb, type WriteTrace } from '../store/transaction.ts';
import { checked, jsonFromBody, mustBeStorable } from './body.ts';
import { answeredOnce, keyedRequest } from './idempotency.ts';
import { rowsMustBeAllowed } from './item-permission.ts';
import type { Operation, Principal, RouteFacts } from './operation.ts';
import { isAllowed, isDenied } from './permission.ts';
import { problemFrom } from './problem.ts';
import { type RateLimiter, rateLimiter } from './rate-limit.ts';
import { rateLimitFigures } from './rate-limit-figures.ts';
import { refuseUnreadable } from './unreadable-request.ts';

/** Bodies of this size or more are refused (spec 10 §10). */
const MAX_BODY_BYTES = 512_000;

/**
 * What the application serves: declared operations, who a bearer token belongs to, routes outside of both.
 */
export type Product = {
  readonly operations: readonly Operation[];
  /** The principal of a valid bearer token in the wanted organization, or null. */
  readonly principalOf: (ctx: Context, token: string, wanted: string | null) => Promise<Principal | null>;
  /** Told of each operation that may have written, before it is answered. */
  readonly noteWrite: (ctx: Context, operation: Operation) => void;
  /** The table with the items of a permission's resource such as `config:plan`, or null. */
  readonly itemTable: (resource: string) => string | null;
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
  /** What the API document says of it; routes for browsers have no place there. */
  readonly described?: RouteFacts;
  readonly serve: (ctx: Context, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;
};

/** The HTTP application. Order of checks: size, token, organization, permission, route, body (spec 10 §9). */
export function buildApp(ctx: Context, product: Product): FastifyInstance {
  const limiter = rateLimiterOf(ctx);
  const app = Fastify({
    loggerInstance: ctx.log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_BODY_BYTES - 1,
    exposeHeadRoutes: false,
    genReqId: () => newId(),
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024 },
    // Long enough for a large upload over a slow line.
    requestTimeout: 900_000,
    // A proxy on this machine says who called; whoever calls directly speaks for himself.
    trustProxy: 'loopback',
    clientErrorHandler: refuseUnreadable,
    // Escapes such as %ED%A0%80 stand for no text, so there is nothing at that path.
    frameworkErrors: (error, request, reply) => {
      const problem = problemFrom(error, request.log);
      reply.header('x-request-id', request.id);
      send((reply as FastifyReply).status(problem.status), problem.body);
    },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemFrom(error, request.log);
    if (error instanceof RateLimited) reply.header('retry-after', error.waitSeconds);
    // What was written must not be written again (spec 10 §11).
    if (problem.status >= 500 && request.trace?.hasCommitted) reply.header('x-should-retry', 'false');
    return send(reply.status(problem.status), problem.body);
  });
  app.setNotFoundHandler(async (request) => {
    const orgId = /^\/organizations\/([^/?]+)/.exec(request.url)?.[1];
    if (orgId !== undefined) await authenticated({ ctx, product, request, orgId });
    throw new ApiError('NOT_FOUND', 'there is no such path');
  });
  addHealthRoutes(app, ctx, product);
  for (const route of product.publicRoutes) addPublicRoute(app, ctx, route);
  for (const operation of product.operations) addOperation(app, { ctx, product, operation, limiter });
  return app;
}

function rateLimiterOf({ config, clock }: Context): RateLimiter | null {
  const figures = rateLimitFigures(config.rateLimits);
  return figures && rateLimiter(figures, clock);
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

type Mounted = {
  readonly ctx: Context;
  readonly product: Product;
  readonly operation: Operation;
  readonly limiter: RateLimiter | null;
};

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | null;
    /** What the operation has written so far; absent before it begins. */
    trace?: WriteTrace;
  }
}

function addOperation(app: FastifyInstance, mounted: Mounted): void {
  const { ctx, product, operation, limiter } = mounted;
  const maxBytes = operation.maxBodyBytes ?? MAX_BODY_BYTES;
  app.route({
    method: operation.method,
    bodyLimit: maxBytes - 1,
    url: `/organizations/:orgId${operation.path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    onRequest: async (request) => {
      const { orgId = '' } = request.params as Record<string, string>;
      limiter?.arrive(operation.path, request.ip, uuidFromText(orgId) ?? '');
      const length = request.headers['content-length'];
      if (length !== undefined && BigInt(/^\d{1,18}$/.test(length) ? length : '0') >= maxBytes) {
        throw new ApiError('PAYLOAD_TOO_LARGE', `the body must be smaller than ${maxBytes} bytes`);
      }
      request.principal = await authenticated({ ctx, product, request, orgId });
      limiter?.count(operation.path, request.principal.orgId);
      request.principal = authorized(request.principal, operation);
      await itemsMustBeAllowed(mounted, request);
    },
    handler: async (request, reply) => {
      if (operation.fileType) {
        const content = await answered(ctx, operation, request);
        return reply.type(operation.fileType).send(content);
      }
      const trace = { hasCommitted: false };
      request.trace = trace;
      const own = { ...ctx, db: tracedDb(ctx.db, trace) };
      const { status, text } = await onlyOnce(own, operation, request).finally(() => {
        if (operation.method !== 'GET') product.noteWrite(ctx, operation);
      });
      return reply.status(status).type('application/json; charset=utf-8').send(text);
    },
  });
}

/** What is sent: JSON text, or its bytes where the operation wrote them itself. */
type Answer = { readonly status: number; readonly text: string | Buffer };

/** The answer; with an Idempotency-Key the first one of all requests with that key. */
async function onlyOnce(ctx: Context, operation: Operation, request: FastifyRequest): Promise<Answer> {
  const keyed = keyedRequest(request, request.principal as Principal);
  if (keyed) return answeredOnce(ctx, keyed, (own) => answered(own, operation, request));
  const answer = await answered(ctx, operation, request);
  return { status: 200, text: Buffer.isBuffer(answer) ? answer : writeJson(answer) };
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
  const principal = token ? await product.principalOf(ctx, token, uuidFromText(orgId)) : null;
  if (!principal) throw new ApiError('UNAUTHORIZED', 'a valid bearer token is required');
  if (uuidFromText(orgId) !== principal.orgId) {
    throw new ApiError('FORBIDDEN', 'the token does not belong to this organization');
  }
  return principal;
}

/**
 * The caller, who may do this. Who may do it by `insteadOfAll` counts as having the permission, for the rows
 * that it reaches; denied ones stay out of reach.
 */
function authorized(principal: Principal, operation: Operation): Principal {
  const { permission, alsoNeeds = [], insteadOfAll } = operation;
  if (permission === null) return principal;
  const { statements } = principal;
  const missing = [permission, ...alsoNeeds].find((needed) => !isAllowed(statements, needed));
  if (!missing) return principal;
  const isReplaced = insteadOfAll && isAllowed(statements, insteadOfAll) && !isDenied(statements, permission);
  const { action, resource } = permission;
  const allowing = { effect: 'allow', action: [action], resource: [resource] } as const;
  if (isReplaced) return { ...principal, statements: [...statements, allowing] };
  throw new ApiError('FORBIDDEN', `this needs the permission ${missing.action} on ${missing.resource}`);
}

/**
 * Each id in the path that names an item of the operation's type must be within reach. An id of another type,
 * such as that of the account whose balances are listed, names no item there and is let through.
 */
async function itemsMustBeAllowed(
  { ctx, product, operation: { permission } }: Mounted,
  request: FastifyRequest,
): Promise<void> {
  const table = permission && product.itemTable(permission.resource);
  if (!table) return;
  const { orgId: _, ...params } = request.params as Record<string, string>;
  const ids = Object.values(params).flatMap((value) => uuidFromText(value) ?? []);
  const principal = request.principal as Principal;
  const caller = { ctx, orgId: principal.orgId, principal };
  await rowsMustBeAllowed(caller, permission, { table, ids });
}
