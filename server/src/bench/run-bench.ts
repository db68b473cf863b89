import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type ApiResult, benchApi } from './bench-api.ts';
import { type BillResult, benchBill } from './bench-bill.ts';
import { benchIngest, type IngestResults } from './bench-ingest.ts';
import { benchQuery, type QueryResult } from './bench-query.ts';

const PARTS = ['ingest', 'query', 'api', 'bill'] as const;

/**
 * `bench [PART] [--json FILE] [--measurements N] [--batch N] [--requests N] [--connections N] [--accounts N]
 * [--credit] [--rate R --seconds S] [--preload N]`: runs all parts or one and prints a table. Speeds are to
 * be read as ratios to the floor of the same run. With `--rate`, ingest goes on with R measurements a second
 * for S seconds; with `--preload`, N measurements are stored before it begins.
 */
export async function runBench(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      measurements: { type: 'string' },
      batch: { type: 'string', default: '1000' },
      requests: { type: 'string', default: '5000' },
      connections: { type: 'string', default: '16' },
      rate: { type: 'string' },
      seconds: { type: 'string', default: '20' },
      preload: { type: 'string' },
      accounts: { type: 'string', default: '10000' },
      credit: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown) throw new Error(`there is no bench part ${unknown}; parts are ${PARTS.join(', ')}`);
  const wanted = (part: (typeof PARTS)[number]) => positionals.length === 0 || positionals.includes(part);
  const size = (text: string) => Math.max(1, Number.parseInt(text, 10));
  const result: Partial<IngestResults> & { query?: QueryResult[]; api?: ApiResult[]; bill?: BillResult } = {};
  const connections = size(values.connections);
  if (wanted('ingest')) {
    const sustained = values.rate
      ? { measurementsPerSecond: size(values.rate), seconds: size(values.seconds) }
      : null;
    const results = await benchIngest({
      measurements: size(values.measurements ?? '200000'),
      batch: size(values.batch),
      connections: 8,
      preload: values.preload ? size(values.preload) : 0,
      sustained,
    });
    Object.assign(result, results);
    print(tableText([results.ingest]));
    if (results.sustained) print(tableText([results.sustained]));
  }
  if (wanted('query')) {
    result.query = await benchQuery({ measurements: size(values.measurements ?? '1000000') });
    print(tableText(result.query));
  }
  if (wanted('api')) {
    result.api = await benchApi({ requests: size(values.requests), connections });
    print(tableText(result.api));
  }
  if (wanted('bill')) {
    const accounts = size(values.accounts);
    const measurements = size(values.measurements ?? String(200 * accounts));
    result.bill = await benchBill({ accounts, measurements, credit: values.credit });
    print(tableText([result.bill]));
  }
  if (values.json) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`);
}

/** Rows of equal keys as an aligned table; numbers with three digits at least. */
export function tableText(rows: readonly object[]): string {
  const names = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => Object.values(row).map(cellText));
  const widths = names.map((name, i) => Math.max(name.length, ...cells.map((row) => row[i]?.length ?? 0)));
  const line = (texts: readonly string[]) => texts.map((text, i) => text.padStart(widths[i] ?? 0)).join('  ');
  return [line(names), ...cells.map(line), ''].join('\n');
}

function cellText(value: unknown): string {
  if (typeof value !== 'number') return String(value);
  return value >= 100 ? String(Math.round(value)) : value.toPrecision(3);
}
