import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type BucketServer,
  s3Server,
  setAwsCredentials,
  setS3Endpoint,
} from '../../../test/support/bucket-servers.ts';
import { currentInstant } from '../../kernel/time.ts';
import type { FileStore } from './file-store.ts';
import { s3Files } from './s3-files.ts';

const KEY = 'org/uploads/a.json';

let store: BucketServer;
let files: FileStore;

beforeEach(async () => {
  store = await s3Server();
  setAwsCredentials();
  setS3Endpoint(store.url);
  files = s3Files({ url: 's3://bucket/some/prefix', usesPathStyle: true });
});
afterEach(async () => {
  setS3Endpoint(null);
  await store.close();
});

function terms() {
  const now = currentInstant();
  return { contentType: 'application/json', now, expires: now.add({ minutes: 1 }) };
}

describe('files in a bucket', () => {
  it('lie below the prefix and are read as they were written', async () => {
    expect(await files.write(KEY, [Buffer.from('first')])).toBe(5);
    expect(await files.write(KEY, [Buffer.from('sec'), Buffer.from('ond')])).toBe(6);
    expect([...store.objects.keys()]).toEqual(['/bucket/some/prefix/org/uploads/a.json']);
    expect(await text((await files.read(KEY)) as Readable)).toBe('second');
    expect(await files.size(KEY)).toBe(6);
  });

  it('of more than one part arrive whole', async () => {
    const part = Buffer.alloc(3 * 1024 * 1024, 'x');
    expect(await files.write(KEY, [part, part, part])).toBe(3 * part.length);
    expect(await files.size(KEY)).toBe(3 * part.length);
  });

  it('are null when they are missing or removed', async () => {
    await files.write(KEY, [Buffer.from('x')]);
    await files.remove(KEY);
    expect([await files.read(KEY), await files.size(KEY)]).toEqual([null, null]);
  });
});

describe('a link', () => {
  it('takes one upload from anybody who sends its headers', async () => {
    const { url, headers } = await files.uploadLink(KEY, { ...terms(), sizeBytes: 2 });
    const upload = () => fetch(url, { method: 'PUT', headers, body: '[]' });
    expect([(await upload()).status, (await upload()).status]).toEqual([200, 412]);
    expect(new URL(url).searchParams.get('X-Amz-SignedHeaders')).toContain('content-length');
    expect(await files.size(KEY)).toBe(2);
  });

  it('leads to the file under the wanted name until it expires', async () => {
    await files.write(KEY, [Buffer.from('[]')]);
    const { url } = await files.downloadLink(KEY, { ...terms(), fileName: 'usage.json' });
    expect(await (await fetch(url)).text()).toBe('[]');
    const { searchParams } = new URL(url);
    expect(searchParams.get('X-Amz-Expires')).toBe('60');
    expect(searchParams.get('response-content-disposition')).toContain('filename="usage.json"');
  });
});
