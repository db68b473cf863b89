import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { FileStore } from '../../ports/files/file-store.ts';
import type { Row } from '../../store/database.ts';
import { type FileFormat, headText, type RowSource, rowsText } from './row-text.ts';

/** A file of an export: `name` as it is called outside, `key` in our own file store. */
export type ExportFile = {
  readonly name: string;
  /** The type of its rows, as object keys have it. */
  readonly type: string;
  readonly key: string;
  readonly sizeBytes: number;
};

/** Beyond it a file is continued by another one (spec 60 §8.5). */
export const MAX_FILE_BYTES = 5 * 1024 ** 3;
/** What one page of rows and the compressor may hold when the limit is noticed. */
const SLACK_BYTES = 64 * 1024 ** 2;

export type Writing = {
  readonly files: FileStore;
  /** The folder of the job in the file store. */
  readonly folder: string;
  readonly jobId: string;
  readonly format: FileFormat;
  readonly maxBytes?: number;
};

/**
 * Writes the rows of a source into compressed files, one unless there is too much, without holding more than
 * a page of them. A source without rows gives a file with the header only.
 */
export async function writeFiles(source: RowSource, writing: Writing): Promise<readonly ExportFile[]> {
  const { maxBytes = MAX_FILE_BYTES - SLACK_BYTES } = writing;
  const pages = source.pages[Symbol.asyncIterator]();
  const state = { upcoming: await pages.next() };
  const written: ExportFile[] = [];
  do {
    const name = fileName(source.name, { ...writing, part: written.length + 1 });
    const key = `${writing.folder}/${name}`;
    const counted = { bytes: 0 };
    const isFull = () => counted.bytes >= maxBytes;
    const rows = partText(source, { format: writing.format, pages, state, isFull });
    const text = Readable.from(rows, { highWaterMark: 1 });
    const sizeBytes = await pipeline(text, createGzip(), (compressed: AsyncIterable<Buffer>) =>
      writing.files.write(key, counting(compressed, counted)),
    );
    written.push({ name, type: source.name, key, sizeBytes });
  } while (!state.upcoming.done);
  return written;
}

function fileName(type: string, { jobId, format, part }: Writing & { readonly part: number }): string {
  const suffix = part === 1 ? '' : `_part${part}`;
  return `${jobId}_${type}${suffix}.${format.toLowerCase()}.gz`;
}

type Page = readonly Row[];
type Part = {
  readonly format: FileFormat;
  readonly pages: AsyncIterator<Page>;
  /** The page that has been read and is to be written next. */
  readonly state: { upcoming: IteratorResult<Page> };
  readonly isFull: () => boolean;
};

async function* partText(source: RowSource, { format, pages, state, isFull }: Part): AsyncGenerator<string> {
  const head = headText(format, source.columns);
  if (head !== '') yield head;
  while (!state.upcoming.done) {
    const text = rowsText(format, source, state.upcoming.value);
    if (text !== '') yield text;
    state.upcoming = await pages.next();
    if (isFull()) return;
  }
}

async function* counting(
  content: AsyncIterable<Buffer>,
  counted: { bytes: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of content) {
    counted.bytes += chunk.length;
    yield chunk;
  }
}
