import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { ClickHouseClientConfigOptions } from '@clickhouse/client';
import { parameterText } from './clickhouse-literals.ts';
import type { EmbeddedClickHouse, RawInsert, Statement } from './embedded-clickhouse.ts';

type Connection = NonNullable<ClickHouseClientConfigOptions['connection']>;
type Call = Parameters<Connection['query']>[0];

/** The engine reports no figures for a statement. */
const SUMMARY = {
  read_rows: '0',
  read_bytes: '0',
  written_rows: '0',
  written_bytes: '0',
  result_rows: '0',
  result_bytes: '0',
  total_rows_to_read: '0',
  elapsed_ns: '0',
};

/**
 * What `createClient` of @clickhouse/client takes in place of a URL: statements go to the embedded engine and
 * run in `database`. Closing the client leaves the engine open.
 */
export function connectionTo(engine: EmbeddedClickHouse, database: string): Connection {
  const run = async (call: Call, payload: string | null = null) => {
    const output = isEmptyInsert(payload)
      ? new Uint8Array(0)
      : await abortable(engine.run(statementOf(call, database, payload)), call.abort_signal);
    return { ...resultOf(call), stream: streamOf(output) };
  };
  return {
    query: (call) => run(call),
    command: (call) => run(call),
    exec: async (call) => run(call, call.values === undefined ? null : await textOf(call.values)),
    insert: async (call) => {
      const values = await bytesOf(call.values);
      const target = INSERT.exec(call.query);
      if (target === null || values.length === 0) return run(call, values.toString('utf8'));
      const [, table = '', columns, format] = target;
      await abortable(
        engine.insert({
          table,
          columns: columns?.split(',').map((name) => name.trim()),
          format: format as RawInsert['format'],
          values,
          database,
          settings: call.clickhouse_settings,
        }),
        call.abort_signal,
      );
      return { ...resultOf(call), stream: streamOf(new Uint8Array(0)) };
    },
    ping: () => pinged(engine, database),
    close: async () => {},
  };
}

/** An insert as the client writes it, in a format whose bytes the engine takes; others go as statements. */
const INSERT =
  /^INSERT INTO (\w+)(?: \(([\w, ]+)\))? FORMAT (TabSeparated|JSONEachRow|JSONCompactEachRow)\s*$/;

/** The engine refuses an insert without rows; over HTTP it is one that changes nothing. */
function isEmptyInsert(payload: string | null): boolean {
  return payload !== null && payload.trim() === '';
}

function statementOf(call: Call, database: string, payload: string | null): Statement {
  return {
    sql: payload === null ? call.query : `${call.query}\n${payload}`,
    database,
    settings: call.clickhouse_settings,
    parameters: parameterTexts(call.query_params ?? {}),
  };
}

function parameterTexts(values: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, parameterText(value)]));
}

function resultOf(call: Call) {
  return {
    query_id: call.query_id ?? randomUUID(),
    response_headers: {},
    http_status_code: 200,
    summary: SUMMARY,
  };
}

/** The client destroys a stream that nobody reads with an error; it must not end the process. */
function streamOf(bytes: Uint8Array): Readable {
  const stream = Readable.from([Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)]);
  return stream.on('error', () => {});
}

async function textOf(values: string | Readable): Promise<string> {
  if (typeof values === 'string') return values;
  return (await bytesOf(values)).toString('utf8');
}

async function bytesOf(values: string | Readable): Promise<Buffer> {
  if (typeof values === 'string') return Buffer.from(values);
  const chunks: Buffer[] = [];
  for await (const chunk of values) chunks.push(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk));
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

/** A statement cannot be stopped; an abort only ends the waiting for it. */
async function abortable<T>(running: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return running;
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('The user aborted a request.'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    running.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

async function pinged(engine: EmbeddedClickHouse, database: string) {
  try {
    await engine.run({ sql: 'SELECT 1', database });
    return { success: true as const };
  } catch (error) {
    return { success: false as const, error: error instanceof Error ? error : new Error(String(error)) };
  }
}
