import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { present } from '../../kernel/assert.ts';
import { instantFromText } from '../../kernel/time.ts';
import { type DiskFiles, diskFiles, type FileGrant } from './disk-files.ts';
import { checkedKey } from './file-store.ts';

const NOW = present(instantFromText('2026-01-01T00:00:00Z'), 'an instant');
const LATER = present(instantFromText('2026-01-01T00:01:00Z'), 'an instant');
const KEY = 'org/uploads/a.json';

let folder: string;
let files: DiskFiles;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterbook-files-'));
  files = diskFiles({ folder, publicUrl: 'http://localhost', secretKey: Buffer.alloc(32, 7) });
});
afterEach(() => rm(folder, { recursive: true }));

async function uploadGrant(sizeBytes: number): Promise<FileGrant> {
  const terms = { contentType: 'application/json', sizeBytes, now: NOW, expires: LATER };
  const { url } = await files.uploadLink(KEY, terms);
  return files.grant('PUT', url.slice('http://localhost/files/'.length), NOW) as FileGrant;
}

describe('files on disk', () => {
  it('are read as they were written, and replaced as a whole', async () => {
    expect(await files.write(KEY, [Buffer.from('first')])).toBe(5);
    expect(await files.write(KEY, [Buffer.from('sec'), Buffer.from('ond')])).toBe(6);
    expect(await text((await files.read(KEY)) as Readable)).toBe('second');
    expect(await files.size(KEY)).toBe(6);
    expect(await readdir(join(folder, 'org/uploads'))).toEqual(['a.json']);
  });

  it('are null when they are missing or removed', async () => {
    await files.write(KEY, [Buffer.from('x')]);
    await files.remove(KEY);
    await files.remove(KEY);
    expect([await files.read(KEY), await files.size(KEY)]).toEqual([null, null]);
  });

  it.each(['', '/etc/passwd', '../a', 'a/../b', 'a//b', 'a/.b'])('cannot be named %j', (key) => {
    expect(() => checkedKey(key)).toThrow('not a file key');
  });
});

describe('a link to a file', () => {
  it.each([
    ['of the announced size', 'hello', true],
    ['that is shorter', 'hell', false],
    ['that is longer', 'hello!', false],
  ])('takes an upload %s: %j', async (_what, content, taken) => {
    expect(await files.accept(await uploadGrant(5), Readable.from([Buffer.from(content)]))).toBe(taken);
    expect(await files.size(KEY)).toBe(taken ? 5 : null);
  });

  it('takes one upload only', async () => {
    const grant = await uploadGrant(1);
    expect(await files.accept(grant, Readable.from([Buffer.from('a')]))).toBe(true);
    expect(await files.accept(grant, Readable.from([Buffer.from('b')]))).toBe(false);
    expect(await text((await files.read(KEY)) as Readable)).toBe('a');
  });

  it('ends when it expires, and serves one method only', async () => {
    const terms = { fileName: 'a.json', contentType: 'application/json', now: NOW, expires: LATER };
    const token = (await files.downloadLink(KEY, terms)).url.slice('http://localhost/files/'.length);
    expect(files.grant('GET', token, NOW)?.key).toBe(KEY);
    expect(files.grant('GET', token, LATER)).toBeNull();
    expect(files.grant('PUT', token, NOW)).toBeNull();
    expect(files.grant('GET', `${token}x`, NOW)).toBeNull();
  });
});
