import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StartError } from '../kernel/start-error.ts';
import { keptSecret, lockDataDirectory, openDataDirectory, openSecretKey } from './data-directory.ts';
import { lifeOfProcess } from './process-identity.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'meterbook-dir-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test('a data directory is made with its parents and stays as it is when it exists', () => {
  const path = join(dir, 'a', 'b');
  openDataDirectory(path);
  writeFileSync(join(path, 'kept'), '');
  openDataDirectory(path);
  expect(readdirSync(path)).toEqual(['kept']);
});

test('a place that cannot be a directory is refused', () => {
  writeFileSync(join(dir, 'file'), '');
  expect(() => openDataDirectory(join(dir, 'file', 'x'))).toThrow(StartError);
});

describe('the lock', () => {
  const lockOf = () => join(dir, 'lock');

  test('is refused while its holder lives, and free again after it was given back', () => {
    const release = lockDataDirectory(dir);
    expect(() => lockDataDirectory(dir)).toThrow(
      `the data directory ${dir} is in use by process ${process.pid}`,
    );
    release();
    expect(readdirSync(dir)).toEqual([]);
    lockDataDirectory(dir)();
  });

  test('of another living process is refused', async () => {
    const other = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
    const pid = other.pid ?? 0;
    writeFileSync(lockOf(), JSON.stringify({ pid, life: lifeOfProcess(pid) }));
    expect(() => lockDataDirectory(dir)).toThrow(`is in use by process ${pid}`);
    const ended = new Promise((resolve) => other.once('exit', resolve));
    other.kill('SIGKILL');
    await ended;
    lockDataDirectory(dir)();
  });

  test.each([
    ['of a process that is gone', () => ({ pid: 4_194_304, life: 'x' })],
    ['of an earlier life of a pid that is in use again', () => ({ pid: process.pid, life: 'before' })],
  ])('%s is taken over', (_name, holder) => {
    writeFileSync(lockOf(), JSON.stringify(holder()));
    const release = lockDataDirectory(dir);
    expect(JSON.parse(readFileSync(lockOf(), 'utf8'))).toMatchObject({ pid: process.pid });
    release();
    expect(readdirSync(dir)).toEqual([]);
  });

  test('with unreadable content is taken over', () => {
    writeFileSync(lockOf(), '{');
    lockDataDirectory(dir)();
    expect(readdirSync(dir)).toEqual([]);
  });
});

describe('the secret key', () => {
  test('is made once, for the eyes of its owner only', () => {
    const first = openSecretKey(dir, null);
    expect(first).toHaveLength(32);
    expect(openSecretKey(dir, null)).toEqual(first);
    expect(statSync(join(dir, 'secret-key')).mode & 0o777).toBe(0o600);
  });

  test('comes from the configured text when there is one', () => {
    const key = openSecretKey(dir, 'a text of the operator');
    expect(key).toEqual(openSecretKey(dir, 'a text of the operator'));
    expect(key).not.toEqual(openSecretKey(dir, 'another text of his'));
    expect(readdirSync(dir)).toEqual([]);
  });

  test('differs between installations', () => {
    expect(keptSecret(join(dir, 'a'))).not.toBe(keptSecret(join(dir, 'b')));
  });
});
