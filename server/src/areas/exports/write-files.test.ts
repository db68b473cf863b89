import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskFiles } from '../../ports/files/disk-files.ts';
import type { FileStore } from '../../ports/files/file-store.ts';
import type { Row } from '../../store/database.ts';
import { writeFiles } from './write-files.ts';

let folder: string;
let files: FileStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbook-export-'));
  files = diskFiles({ folder, publicUrl: 'http://localhost', secretKey: Buffer.alloc(32) });
});
afterEach(() => rm(folder, { recursive: true }));

function source(pages: readonly (readonly Row[])[]) {
  async function* all() {
    yield* pages;
  }
  return { name: 'meter', columns: ['id'], everyColumn: true, pages: all() };
}

function written(pages: readonly (readonly Row[])[], maxBytes?: number) {
  const terms = { files, folder: 'o/exports/j', jobId: 'j', format: 'CSV' } as const;
  return writeFiles(source(pages), { ...terms, ...(maxBytes !== undefined && { maxBytes }) });
}

async function textOf(key: string): Promise<string> {
  return gunzipSync(await buffer((await files.read(key)) as Readable)).toString();
}

test('rows of several pages are one compressed file', async () => {
  const [file, ...others] = await written([[{ id: 1 }, { id: 2 }], [], [{ id: 3 }]]);
  expect(others).toEqual([]);
  expect(file).toMatchObject({ name: 'j_meter.csv.gz', type: 'meter', key: 'o/exports/j/j_meter.csv.gz' });
  expect(file?.sizeBytes).toBe(await files.size(file?.key ?? ''));
  expect(await textOf(file?.key ?? '')).toBe('id\n1\n2\n3\n');
});

test('no rows are a file with the header', async () => {
  const [file] = await written([]);
  expect(await textOf(file?.key ?? '')).toBe('id\n');
});

test('a file that has become too large is continued by another, each with the header', async () => {
  // Random text does not shrink, so a page of 400 kB exceeds 100 kB.
  const page = () => Array.from({ length: 100 }, () => ({ id: randomBytes(2000).toString('hex') }));
  const pages = Array.from({ length: 8 }, page);
  const parts = await written(pages, 100_000);
  expect(parts.length).toBeGreaterThan(2);
  expect(parts.map(({ name }) => name)).toEqual(
    parts.map((_, i) => (i === 0 ? 'j_meter.csv.gz' : `j_meter_part${i + 1}.csv.gz`)),
  );
  const texts = await Promise.all(parts.map(({ key }) => textOf(key)));
  expect(texts.every((text) => text.startsWith('id\n'))).toBe(true);
  const rows = texts.flatMap((text) => text.split('\n').slice(1, -1));
  expect(rows).toEqual(pages.flat().map(({ id }) => id));
});

test('a source that breaks leaves no file', async () => {
  async function* broken(): AsyncGenerator<Row[]> {
    for (let id = 0; id < 5; id += 1) yield [{ id }];
    throw new Error('the store is gone');
  }
  const terms = { files, folder: 'o/exports/j', jobId: 'j', format: 'CSV' } as const;
  const failing = writeFiles({ name: 'meter', columns: ['id'], everyColumn: true, pages: broken() }, terms);
  await expect(failing).rejects.toThrow('the store is gone');
  expect(await files.size('o/exports/j/j_meter.csv.gz')).toBeNull();
});
