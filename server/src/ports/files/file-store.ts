import type { Readable } from 'node:stream';
import type { Instant } from '../../kernel/time.ts';

/**
 * Where uploads, exports and statements are kept. A key is a relative path of our own making such as
 * `<orgId>/exports/<jobId>.csv.gz`: letters, digits and `._-` between slashes.
 */
export type FileStore = {
  /** Writes a whole file, replacing what was there; nobody sees a part of it. Answers its size in bytes. */
  write(key: string, content: FileContent): Promise<number>;
  /** The bytes of a file from the first; null when there is none. */
  read(key: string): Promise<Readable | null>;
  /** Bytes; null when there is no such file. */
  size(key: string): Promise<number | null>;
  /** Removes a file; one that does not exist stays so. */
  remove(key: string): Promise<void>;
  /** How somebody without sign-in puts a file here, once, of exactly this size, until `expires`. */
  uploadLink(key: string, terms: UploadTerms): Promise<FileLink>;
  /** How somebody without sign-in fetches a file until `expires`. */
  downloadLink(key: string, terms: DownloadTerms): Promise<FileLink>;
};

export type FileContent = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** A request to make: its address and the headers that it must carry. */
export type FileLink = { readonly url: string; readonly headers: { readonly [name: string]: string } };

export type UploadTerms = {
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly now: Instant;
  readonly expires: Instant;
};

export type DownloadTerms = {
  /** The name that a browser saves it under. */
  readonly fileName: string;
  readonly contentType: string;
  readonly now: Instant;
  readonly expires: Instant;
};

const KEY = /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/;

/** The key itself. Throws on one that could leave the store: a programming mistake, never input. */
export function checkedKey(key: string): string {
  if (!KEY.test(key)) throw new Error(`not a file key: ${key}`);
  return key;
}

/** `Content-Disposition` for a download under this name, which may have any letters. */
export function disposition(fileName: string): string {
  const plain = fileName.replaceAll(/[^\w.-]/g, '_');
  return `attachment; filename="${plain}"; filename*=UTF-8''${encodeURIComponent(fileName)}`;
}
