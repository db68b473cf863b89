import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';

export type Sent = { readonly status: number; readonly text: string };
export type Call = {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
};

/**
 * What a run of equal calls took: calls per second and the latency that half and 99 % of them stayed under.
 */
export type LoadResult = {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly seconds: number;
};

/** Keep-alive connections to one server with fixed headers. */
export type LoadClient = { send(call: Call): Promise<Sent>; close(): void };

export function openLoadClient(
  baseUrl: string,
  headers: Record<string, string>,
  connections: number,
): LoadClient {
  const url = new URL(baseUrl);
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  return {
    close: () => agent.destroy(),
    send: ({ method, path, body }) =>
      new Promise((resolve, reject) => {
        const bytes = body === undefined ? undefined : Buffer.from(body);
        const length = bytes ? { 'content-length': String(bytes.length) } : {};
        const options = {
          agent,
          host: url.hostname,
          port: url.port,
          method,
          path,
          headers: { ...headers, ...length },
        };
        const sent = request(options, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        });
        sent.on('error', reject);
        sent.end(bytes);
      }),
  };
}

/** Makes `count` calls over `connections` connections at once; throws on any answer that is not 200. */
export async function runLoad(
  client: LoadClient,
  plan: { readonly count: number; readonly connections: number; readonly call: (index: number) => Call },
): Promise<LoadResult> {
  const latencies: number[] = [];
  let next = 0;
  const sender = async () => {
    while (next < plan.count) {
      const call = plan.call(next++);
      const started = performance.now();
      const { status, text } = await client.send(call);
      latencies.push(performance.now() - started);
      if (status !== 200)
        throw new Error(`${call.method} ${call.path} answered ${status}: ${text.slice(0, 200)}`);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: plan.connections }, sender));
  const seconds = (performance.now() - started) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return { perSecond: plan.count / seconds, p50Ms: at(0.5), p99Ms: at(0.99), seconds };
}
