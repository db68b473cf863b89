import type { FastifyBaseLogger } from 'fastify';
import { ApiError, type ErrorCode } from '../kernel/errors.ts';

export type Problem = { readonly status: number; readonly body: Record<string, unknown> };

/**
 * The answer to anything thrown: `{ message, code, errors }` (spec 10 §9). Unknown errors are logged, not
 * told.
 */
export function problemFrom(error: unknown, log: FastifyBaseLogger): Problem {
  const known = error instanceof ApiError ? error : apiErrorFromFramework(error);
  if (known) {
    if (known.status >= 500) log.error({ err: error }, known.message);
    return { status: known.status, body: known.body };
  }
  log.error({ err: error }, 'unexpected error');
  return { status: 500, body: { message: 'internal error', code: 'INTERNAL' } };
}

const FRAMEWORK_CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['PAYLOAD_TOO_LARGE', 'the body must be smaller than 512000 bytes'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['VALIDATION_FAILED', 'the body does not have the announced length'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['MALFORMED_JSON', 'the body is empty'],
  FST_ERR_BAD_URL: ['NOT_FOUND', 'there is no such path'],
  ERR_INVALID_CHAR: ['VALIDATION_FAILED', 'the request has characters that are not allowed'],
};

function apiErrorFromFramework(error: unknown): ApiError | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  const known = FRAMEWORK_CODES[String(error.code)];
  if (known) return new ApiError(known[0], known[1]);
  if (isStoreDown(String(error.code))) return new ApiError('BAD_GATEWAY', 'a store cannot be reached');
  const status = 'statusCode' in error ? error.statusCode : undefined;
  const code = status === 400 ? 'VALIDATION_FAILED' : null;
  return code ? new ApiError(code, error instanceof Error ? error.message : 'bad request') : null;
}

/** Connection failures of Node and the classes of PostgreSQL that mean "gone" or "shutting down". */
function isStoreDown(code: string): boolean {
  return ['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', '57P01', '57P02', '57P03'].includes(code);
}
