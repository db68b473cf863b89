import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type ApiResult, benchApi } from './bench-api.ts';
import { benchIngest, type IngestResult } from './bench-ingest.ts';

const PARTS = ['ingest', 'api'] as const;

/**
 * `bench [PART] [--json FILE] [--measurements N] [--batch N] [--requests N] [--connections N]`: runs all
 * parts or one and prints a table. Speeds are to be read as ratios to the floor of the same run.
 */
export async function runBench(args: readonly string[], print: (line: string) => void): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      json: { type: 'string' },
      measurements: { type: 'string', default: '200000' },
      batch: { type: 'string', default: '1000' },
      requests: { type: 'string', default: '5000' },
      connections: { type: 'string', default: '16' },
    },
  });
  const unknown = positionals.find((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown) throw new Error(`there is no bench part ${unknown}; parts are ${PARTS.join(', ')}`);
  const wanted = (part: (typeof PARTS)[number]) => positionals.length === 0 || positionals.includes(part);
  const size = (text: string) => Math.max(1, Number.parseInt(text, 10));
  const result: { ingest?: IngestResult; api?: ApiResult[] } = {};
  const connections = size(values.connections);
  if (wanted('ingest')) {
    const plan = { measurements: size(values.measurements), batch: size(values.batch), connections: 8 };
    result.ingest = await benchIngest(plan);
    print(tableText([result.ingest]));
  }
  if (wanted('api')) {
    result.api = await benchApi({ requests: size(values.requests), connections });
    print(tableText(result.api));
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
