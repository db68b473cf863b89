import { createHmac } from 'node:crypto';
import type { Instant } from '../../kernel/time.ts';
import type { OutgoingRequest } from '../../ports/http-out.ts';

/** The key that requests are signed with. */
export type SigningKey = { readonly apiKey: string; readonly secret: string };

export type WebhookMessage = {
  readonly url: string;
  /** JSON. */
  readonly body: string;
  /** The same for every attempt. */
  readonly runId: string;
  readonly sentAt: Instant;
  /** Null: the request goes out unsigned. */
  readonly key: SigningKey | null;
};

/** The request of one attempt (spec 60 §5.1). */
export function webhookRequest({ url, body, runId, sentAt, key }: WebhookMessage): OutgoingRequest {
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'user-agent': 'meterbook',
    'x-m3ter-delivery': runId,
    ...(key && signatureHeaders({ url, body, timestamp: String(sentAt.epochMilliseconds), key })),
  };
  return { url, headers, body };
}

type Signed = {
  readonly url: string;
  readonly body: string;
  readonly timestamp: string;
  readonly key: SigningKey;
};

function signatureHeaders({ url, body, timestamp, key }: Signed) {
  return {
    'x-m3ter-apikey': key.apiKey,
    'x-m3ter-timestamp': timestamp,
    'x-m3ter-signature': webhookSignature({ url, body, timestamp, key }),
  };
}

/** HMAC-SHA256 in lower-case hex. The `{}` stands where query parameters would be (spec 60 §5.1). */
export function webhookSignature({ url, body, timestamp, key }: Signed): string {
  const text = [url, '{}', key.apiKey, timestamp, body].join('|');
  return createHmac('sha256', key.secret).update(text).digest('hex');
}

const SECRET_HEADERS = ['x-m3ter-apikey', 'x-m3ter-signature'];

/** Headers as logs show them. */
export function maskedHeaders(headers: OutgoingRequest['headers']): Readonly<Record<string, string>> {
  const entries = Object.entries(headers);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, SECRET_HEADERS.includes(name) ? '***' : value]),
  );
}
