import type { FastifyReply, FastifyRequest } from 'fastify';
import type { PublicRoute } from '../../../api/app.ts';
import type { Context } from '../../../context.ts';
import { oidcProvider } from './oidc-provider.ts';

const PREFIX = '/oauth2';

/** Everything below `/oauth2` is the OpenID Connect server's; it reads bodies itself. */
export const oidcRoutes: readonly PublicRoute[] = [
  { method: 'GET', path: `${PREFIX}/*`, serve: handOver },
  { method: 'POST', path: `${PREFIX}/*`, takesStream: true, serve: handOver },
];

async function handOver(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const provider = await oidcProvider(ctx);
  asOfPublicAddress(ctx, request.raw);
  reply.hijack();
  reply.raw.setHeader('x-request-id', request.id);
  await provider.callback()(request.raw, reply.raw);
}

/** Whatever address was called: the provider's links are those of the public address. */
function asOfPublicAddress({ config }: Context, raw: FastifyRequest['raw']): void {
  const { host, protocol, pathname } = new URL(config.publicUrl);
  const rest = (raw.url ?? '').slice(PREFIX.length);
  raw.headers['x-forwarded-host'] = host;
  raw.headers['x-forwarded-proto'] = protocol.slice(0, -1);
  Object.assign(raw, { url: rest, originalUrl: `${pathname.replace(/\/$/, '')}${PREFIX}${rest}` });
}
