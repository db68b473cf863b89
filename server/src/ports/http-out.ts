import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { type AllowList, reachableAddresses } from './public-address.ts';

export type OutgoingRequest = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type HttpOutLimits = {
  /** For all of it: the name, the connection, the answer. */
  readonly timeoutMs: number;
  /** What is read of an answer; the rest of a longer one is not waited for. */
  readonly maxAnswerBytes: number;
  readonly allowed: AllowList;
};

/** What became of a request. A redirect is an answer like any other: nothing is followed. */
export type HttpOutcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** The `Retry-After` header as sent. */
      readonly retryAfter: string | null;
      readonly body: string;
    }
  | { readonly kind: 'timeout'; readonly message: string }
  /** The address must not be sent to. */
  | { readonly kind: 'forbidden'; readonly message: string }
  | { readonly kind: 'failure'; readonly message: string };

/**
 * POSTs to a server of somebody else. The addresses of its name are checked now and the connection goes to
 * one of those that were, so a name that changes in between leads nowhere else.
 */
export async function postOut(request: OutgoingRequest, limits: HttpOutLimits): Promise<HttpOutcome> {
  const deadline = AbortSignal.timeout(limits.timeoutMs);
  const url = new URL(request.url);
  const addresses = await withinTime(reachableAddresses(url, limits.allowed), deadline);
  if (addresses === 'late') return late(limits);
  if (addresses === null) return { kind: 'failure', message: `${url.hostname} cannot be found` };
  if (addresses.length === 0) return { kind: 'forbidden', message: `${url.hostname} must not be sent to` };
  try {
    return await answerTo(request, { url, addresses, deadline, maxBytes: limits.maxAnswerBytes });
  } catch (error) {
    if (deadline.aborted) return late(limits);
    return { kind: 'failure', message: reasonOf(error) };
  }
}

function late({ timeoutMs }: HttpOutLimits): HttpOutcome {
  return { kind: 'timeout', message: `no answer within ${timeoutMs} ms` };
}

/** What the work answers, unless the signal comes first. */
function withinTime<T>(work: Promise<T>, deadline: AbortSignal): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    deadline.addEventListener('abort', () => resolve('late'), { once: true });
    work.then(resolve, reject);
  });
}

type Connection = {
  readonly url: URL;
  readonly addresses: readonly string[];
  readonly deadline: AbortSignal;
  readonly maxBytes: number;
};

function answerTo({ headers, body }: OutgoingRequest, connection: Connection): Promise<HttpOutcome> {
  const { url, addresses, deadline, maxBytes } = connection;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const bytes = Buffer.from(body);
  const options = {
    method: 'POST',
    headers: { ...headers, 'content-length': String(bytes.length) },
    agent: false,
    signal: deadline,
    lookup: pinned(addresses),
  } as const;
  return new Promise((resolve, reject) => {
    const outgoing = send(url, options, (answer) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const finish = () => {
        outgoing.destroy();
        resolve({
          kind: 'answer',
          status: answer.statusCode ?? 0,
          retryAfter: answer.headers['retry-after'] ?? null,
          body: Buffer.concat(chunks).subarray(0, maxBytes).toString('utf8'),
        });
      };
      answer.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        size += chunk.length;
        if (size >= maxBytes) finish();
      });
      answer.on('end', finish);
      answer.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(bytes);
  });
}

/** A resolver that knows the checked addresses only. */
function pinned(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, done) => {
    if (options.all) done(null, found);
    else done(null, found[0]?.address ?? '', found[0]?.family);
  };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
