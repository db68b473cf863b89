import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import { ApiError } from '../kernel/errors.ts';
import type { PublicRoute } from './app.ts';

const PATH = '/files/:token';

/** Where links to files on this machine lead (`ports/files/disk-files.ts`); S3 carries out its own. */
export const fileRoutes: readonly PublicRoute[] = [
  { method: 'GET', path: PATH, serve: sendFile },
  { method: 'PUT', path: PATH, takesStream: true, serve: takeFile },
];

async function sendFile(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { files, grant } = granted(ctx, 'GET', request);
  const content = await files.read(grant.key);
  if (content === null) throw new ApiError('NOT_FOUND', 'the file is no longer kept');
  reply.header('cache-control', 'no-store');
  reply.header('content-disposition', files.disposition(grant));
  return reply.type(grant.contentType).send(content);
}

async function takeFile(ctx: Context, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
  const { files, grant } = granted(ctx, 'PUT', request);
  const length = request.headers['content-length'];
  const isAnnounced = length === undefined || length === String(grant.sizeBytes);
  if (!isAnnounced || !(await files.accept(grant, request.body as Readable))) {
    throw new ApiError('FORBIDDEN', 'the link was used before, or the length is not the announced one');
  }
  return reply.status(200).send();
}

function granted(ctx: Context, method: 'GET' | 'PUT', request: FastifyRequest) {
  const files = ctx.diskFiles;
  const { token } = request.params as { readonly token: string };
  const grant = files?.grant(method, token, ctx.clock.now());
  if (!files || !grant) throw new ApiError('FORBIDDEN', 'the link has expired, or it is none of ours');
  return { files, grant };
}
