import { createHmac, timingSafeEqual } from 'node:crypto';
import { ApiError } from '../kernel/errors.ts';
import type { Instant } from '../kernel/time.ts';

const LIFETIME_MS = 24 * 60 * 60 * 1000;

/** The list that a token belongs to: a token of another list is refused (spec 10 §7). */
export type ListIdentity = {
  readonly orgId: string;
  readonly path: string;
  /** All query parameters but `nextToken` and `pageSize`, as sent. */
  readonly filters: Readonly<Record<string, unknown>>;
};

type Signer = { readonly secretKey: Buffer; readonly now: Instant };

/** An opaque URL-safe token that says behind which position the next page begins. */
export function nextTokenOf(position: readonly string[], list: ListIdentity, signer: Signer): string {
  const payload = Buffer.from(JSON.stringify([signer.now.epochMilliseconds, ...position])).toString(
    'base64url',
  );
  return `${payload}.${signature(payload, list, signer)}`;
}

/**
 * The position in a token; throws INVALID_NEXT_TOKEN for one that is malformed, foreign or older than 24 h.
 */
export function positionFromToken(token: string, list: ListIdentity, signer: Signer): string[] {
  const [payload = '', sent = '', ...rest] = token.split('.');
  const expected = Buffer.from(signature(payload, list, signer));
  const given = Buffer.from(sent);
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected))
    throw invalid();
  const [issuedMs, ...position] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [
    number,
    ...string[],
  ];
  if (signer.now.epochMilliseconds - issuedMs > LIFETIME_MS) throw invalid();
  return position;
}

function invalid(): ApiError {
  const message = 'nextToken is not a token of this list, or it has expired';
  return new ApiError('INVALID_NEXT_TOKEN', message, [{ field: 'nextToken', message: 'is not valid here' }]);
}

function signature(payload: string, list: ListIdentity, signer: Signer): string {
  const filters = Object.entries(list.filters)
    .filter(([name, value]) => name !== 'nextToken' && name !== 'pageSize' && value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return createHmac('sha256', signer.secretKey)
    .update(JSON.stringify([payload, list.orgId, list.path, filters]))
    .digest('base64url')
    .slice(0, 27);
}
