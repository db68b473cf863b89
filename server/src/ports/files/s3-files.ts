import { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Instant } from '../../kernel/time.ts';
import { checkedKey, disposition, type FileContent, type FileStore } from './file-store.ts';

export type S3Options = {
  /** `s3://bucket/prefix`. */
  readonly url: string;
  /** For stores that are not Amazon's: buckets are part of the path, not of the host name. */
  readonly usesPathStyle: boolean;
};

/** Files in a bucket. Credentials, region and endpoint come from the usual AWS variables. */
export function s3Files({ url, usesPathStyle }: S3Options): FileStore {
  const { hostname: Bucket, pathname } = new URL(url);
  const prefix = pathname.replace(/^\/+|\/+$/g, '');
  const client = new S3Client({ forcePathStyle: usesPathStyle });
  const at = (key: string) => ({ Bucket, Key: [prefix, checkedKey(key)].filter(Boolean).join('/') });
  return {
    write: async (key, content) => {
      const counted = countedBytes(content);
      // In parts, so that a large file needs no memory; an upload that fails leaves nothing behind.
      await new Upload({ client, params: { ...at(key), Body: Readable.from(counted.bytes) } }).done();
      return counted.total();
    },
    read: async (key) => {
      const found = await orNull(client.send(new GetObjectCommand(at(key))));
      return found === null ? null : (found.Body as Readable);
    },
    size: async (key) => (await orNull(client.send(new HeadObjectCommand(at(key)))))?.ContentLength ?? null,
    remove: async (key) => {
      await client.send(new DeleteObjectCommand(at(key)));
    },
    uploadLink: async (key, { contentType, sizeBytes, now, expires }) => {
      const terms = { ContentType: contentType, ContentLength: sizeBytes, IfNoneMatch: '*' };
      const headers = { 'content-type': contentType, 'if-none-match': '*' };
      const url = await getSignedUrl(client, new PutObjectCommand({ ...at(key), ...terms }), {
        expiresIn: secondsBetween(now, expires),
        signableHeaders: new Set([...Object.keys(headers), 'content-length']),
      });
      return { url, headers };
    },
    downloadLink: async (key, { fileName, contentType, now, expires }) => {
      const answer = { ResponseContentType: contentType, ResponseContentDisposition: disposition(fileName) };
      const url = await getSignedUrl(client, new GetObjectCommand({ ...at(key), ...answer }), {
        expiresIn: secondsBetween(now, expires),
      });
      return { url, headers: {} };
    },
  };
}

function secondsBetween(start: Instant, end: Instant): number {
  return Math.max(1, Math.floor((end.epochMilliseconds - start.epochMilliseconds) / 1000));
}

function countedBytes(content: FileContent) {
  let total = 0;
  async function* bytes() {
    for await (const chunk of content) {
      total += chunk.length;
      yield chunk;
    }
  }
  return { bytes: bytes(), total: () => total };
}

async function orNull<T>(sent: Promise<T>): Promise<T | null> {
  try {
    return await sent;
  } catch (error) {
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404) return null;
    throw error;
  }
}
