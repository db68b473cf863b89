import { createHash, randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { reasonOf, StartError } from '../kernel/start-error.ts';
import { lifeOfProcess } from './process-identity.ts';

/** Creates the data directory when it is absent. Throws `StartError` when nothing can be written into it. */
export function openDataDirectory(path: string): void {
  const probe = join(path, `.probe-${process.pid}`);
  try {
    makeFolder(path);
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    throw new StartError(`the data directory ${path} is not writable: ${reasonOf(error)}`, { cause: error });
  }
}

/**
 * Node's own `recursive` never returns for a folder below /proc. Others may pass through, but not look
 * around.
 */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o711 });
}

type Holder = { readonly pid: number; readonly life: string | null };

/**
 * Takes the data directory for this process and answers the function that gives it back. Throws `StartError`
 * naming the pid when a living process holds it; what a killed process left behind is taken over.
 */
export function lockDataDirectory(path: string): () => void {
  const lock = join(path, 'lock');
  const own = join(path, `.lock-${process.pid}`);
  const holder: Holder = { pid: process.pid, life: lifeOfProcess(process.pid) };
  writeFileSync(own, JSON.stringify(holder), { mode: 0o644 });
  try {
    takeLock(lock, own, path);
  } finally {
    rmSync(own, { force: true });
  }
  return () => rmSync(lock, { force: true });
}

const MAX_TRIES = 5;

/** `link` is atomic: it fails when the lock exists, and nobody ever reads a lock that is half written. */
function takeLock(lock: string, own: string, path: string): void {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      linkSync(own, lock);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    removeStaleLock(lock, path);
  }
  throw new StartError(`the data directory ${path} is being taken by other processes`);
}

function removeStaleLock(lock: string, path: string): void {
  const text = textOf(lock);
  const holder = text === null ? null : holderFrom(text);
  if (holder && isHeldBy(holder)) {
    throw new StartError(`the data directory ${path} is in use by process ${holder.pid}`);
  }
  const aside = `${lock}.stale-${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  restoreForeignLock({ lock, aside, expected: text });
  rmSync(aside, { force: true });
}

/** Another starter may have replaced the stale lock in between: what was moved aside is then its lock. */
function restoreForeignLock(move: { lock: string; aside: string; expected: string | null }): void {
  if (textOf(move.aside) === move.expected) return;
  try {
    linkSync(move.aside, move.lock);
  } catch {
    // A third starter holds it already; one of them wins, which is all that counts.
  }
}

/** Our own pid in a lock that we do not hold was written by an earlier life of that pid. */
function isHeldBy(holder: Holder): boolean {
  const life = lifeOfProcess(holder.pid);
  return life !== null && life === holder.life;
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function holderFrom(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('life' in value)) return null;
    const { pid, life } = value;
    return typeof pid === 'number' && typeof life === 'string' ? { pid, life } : null;
  } catch {
    return null;
  }
}

/**
 * The 32 byte key that encrypts stored credentials: the SHA-256 of the configured text, or of a random text
 * that is kept in the data directory from the first start on.
 */
export function openSecretKey(dataDir: string, configured: string | null): Buffer {
  const text = configured ?? keptSecret(join(dataDir, 'secret-key'));
  return createHash('sha256').update(text, 'utf8').digest();
}

/** The random text in a file that only its owner reads; made when absent. Two starters agree on one text. */
export function keptSecret(path: string): string {
  const kept = textOf(path);
  if (kept !== null) return kept.trim();
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(own, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(own, { force: true });
  }
  return readFileSync(path, 'utf8').trim();
}
