import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { signedText, textFromSigned } from '../../kernel/signed-text.ts';
import type { Instant } from '../../kernel/time.ts';
import { checkedKey, disposition, type FileContent, type FileLink, type FileStore } from './file-store.ts';

/** Below the public address; what follows is a signed token. */
export const FILES_PATH = '/files';

/** A folder on this machine, whose links lead to our own server. */
export type DiskFiles = FileStore & {
  /** What a link's token allows now; null for one that is over, of another kind or none of ours. */
  grant(method: 'GET' | 'PUT', token: string, now: Instant): FileGrant | null;
  /**
   * Takes an upload as its link says. False when the file is there already or its size is another; then
   * nothing is kept.
   */
  accept(grant: FileGrant, content: Readable): Promise<boolean>;
  /** The header that names a download. */
  disposition(grant: FileGrant): string;
};

/** What a link to a file allows. */
export type FileGrant = {
  readonly method: 'GET' | 'PUT';
  readonly key: string;
  readonly endMs: number;
  readonly contentType: string;
  /** Of an upload. */
  readonly sizeBytes: number | null;
  /** Of a download. */
  readonly fileName: string | null;
};

export type DiskOptions = {
  readonly folder: string;
  readonly publicUrl: string;
  readonly secretKey: Buffer;
};

/** Files in a folder, made when it is first written to. */
export function diskFiles({ folder, publicUrl, secretKey }: DiskOptions): DiskFiles {
  const signing = { key: secretKey, purpose: 'file link' };
  const pathOf = (key: string) => join(folder, checkedKey(key));
  const linkTo = (grant: FileGrant): FileLink => ({
    url: `${publicUrl}${FILES_PATH}/${signedText(JSON.stringify(grant), signing)}`,
    headers: grant.method === 'PUT' ? { 'content-type': grant.contentType } : {},
  });
  return {
    write: (key, content) => written(pathOf(key), content),
    read: (key) => opened(pathOf(key)),
    size: (key) => sizeOf(pathOf(key)),
    remove: (key) => rm(pathOf(key), { force: true }),
    uploadLink: async (key, { expires, contentType, sizeBytes }) =>
      linkTo({
        method: 'PUT',
        key,
        endMs: expires.epochMilliseconds,
        contentType,
        sizeBytes,
        fileName: null,
      }),
    downloadLink: async (key, { expires, contentType, fileName }) =>
      linkTo({
        method: 'GET',
        key,
        endMs: expires.epochMilliseconds,
        contentType,
        sizeBytes: null,
        fileName,
      }),
    grant: (method, token, now) => {
      const text = textFromSigned(token, signing);
      if (text === null) return null;
      const grant = JSON.parse(text) as FileGrant;
      return grant.method === method && now.epochMilliseconds < grant.endMs ? grant : null;
    },
    disposition: ({ fileName }) => disposition(fileName ?? 'file'),
    accept: (grant, content) => accepted(pathOf(grant.key), grant, content),
  };
}

async function opened(path: string): Promise<Readable | null> {
  return (await sizeOf(path)) === null ? null : createReadStream(path);
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Beside its place, on disk, then there under its name in one step. */
async function written(path: string, content: FileContent): Promise<number> {
  return withDraft(path, async (draft) => {
    await pipeline(Readable.from(content), createWriteStream(draft));
    const sizeBytes = await flushed(draft);
    await rename(draft, path);
    return sizeBytes;
  });
}

async function accepted(path: string, { sizeBytes }: FileGrant, content: Readable): Promise<boolean> {
  return withDraft(path, async (draft) => {
    await pipeline(content, limited(sizeBytes ?? 0), createWriteStream(draft)).catch(ignoreTooLarge);
    if ((await flushed(draft)) !== sizeBytes) return false;
    // Unlike a rename, a link fails when there is a file already: a link for uploads works once.
    return link(draft, path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
  });
}

async function withDraft<T>(path: string, use: (draft: string) => Promise<T>): Promise<T> {
  const draft = `${path}.${randomUUID()}.part`;
  await mkdir(dirname(path), { recursive: true });
  try {
    return await use(draft);
  } finally {
    await rm(draft, { force: true });
  }
}

async function flushed(path: string): Promise<number> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

class TooLargeError extends Error {}

function limited(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      done(bytes > maxBytes ? new TooLargeError('the file is larger than announced') : null, chunk);
    },
  });
}

function ignoreTooLarge(error: unknown): void {
  if (!(error instanceof TooLargeError)) throw error;
}
