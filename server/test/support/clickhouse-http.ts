import { createServer, type IncomingMessage, type Server } from 'node:http';
import { ClickHouseError } from '@clickhouse/client';
import { EmbeddedClickHouse, type Statement } from '../../src/store/embedded-clickhouse.ts';

/** chDB behind ClickHouse's HTTP interface, so that the processes of a test run can share one engine. */
export type ClickHouseHttp = { readonly url: string; stop(): Promise<void> };

/** Starts it on a free port of the loopback interface, with its files in `path`. */
export async function startClickHouseHttp(path: string): Promise<ClickHouseHttp> {
  const engine = await EmbeddedClickHouse.open(path);
  const server = createServer((request, response) => {
    answered(engine, request).then(
      (output) => response.end(output),
      (error) => response.writeHead(500, errorHeaders(error)).end(errorText(error)),
    );
  });
  await listening(server);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await engine.close();
    },
  };
}

async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

async function answered(engine: EmbeddedClickHouse, request: IncomingMessage): Promise<Uint8Array | string> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  if (url.pathname === '/ping') return 'Ok.\n';
  const statement = statementFrom(url.searchParams, await bodyOf(request));
  return statement === null ? '' : engine.run(statement);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** What belongs to the interface itself; every other parameter of a request is a setting. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  'query',
  'database',
  'query_id',
  'session_id',
  'session_timeout',
  'role',
  'enable_http_compression',
]);

/** With `query` in the URL, the body is what an insert inserts; null when that is nothing. */
function statementFrom(params: URLSearchParams, body: string): Statement | null {
  const query = params.get('query');
  if (query !== null && /^\s*insert\b.*\bformat\b/is.test(query) && body.trim() === '') return null;
  const entries = [...params];
  return {
    sql: query === null ? body : `${query}\n${body}`,
    database: params.get('database') ?? 'default',
    parameters: Object.fromEntries(
      entries.filter(([name]) => name.startsWith('param_')).map(([name, text]) => [name.slice(6), text]),
    ),
    settings: Object.fromEntries(
      entries.filter(([name]) => !name.startsWith('param_') && !OWN_NAMES.has(name)),
    ),
  };
}

function errorHeaders(error: unknown): Record<string, string> {
  return error instanceof ClickHouseError ? { 'x-clickhouse-exception-code': error.code } : {};
}

function errorText(error: unknown): string {
  if (error instanceof ClickHouseError) {
    return `Code: ${error.code}. DB::Exception: ${error.message} (${error.type ?? 'UNKNOWN'})`;
  }
  return String(error);
}
