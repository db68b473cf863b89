import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../kernel/start-error.ts';
import { isAlive, waitForEnd } from './process-identity.ts';

const FAST_STOP_MS = 15_000;
const IMMEDIATE_STOP_MS = 5_000;

/**
 * Ends a server that outlived the process which started it: asked to shut down first (SIGINT), told to
 * recover later when it does not (SIGQUIT). The caller holds the data directory, so nobody else uses that
 * server.
 */
export async function stopOrphan(clusterDir: string): Promise<void> {
  const pidFile = join(clusterDir, 'postmaster.pid');
  const pid = pidIn(pidFile);
  if (pid === null) return;
  if (isServerOf(pid, clusterDir)) await end(pid, clusterDir);
  // What is left is the file of a killed server. PostgreSQL would remove it too, unless the pid is in use
  // again.
  rmSync(pidFile, { force: true });
}

async function end(pid: number, clusterDir: string): Promise<void> {
  process.kill(pid, 'SIGINT');
  if (await waitForEnd(pid, FAST_STOP_MS)) return;
  process.kill(pid, 'SIGQUIT');
  if (await waitForEnd(pid, IMMEDIATE_STOP_MS)) return;
  throw new StartError(`a PostgreSQL of an earlier start (process ${pid}) still uses ${clusterDir}`);
}

/** The first line of postmaster.pid. */
export function pidIn(pidFile: string): number | null {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

/** A server's working directory is its cluster; the pid alone may have been given to another program. */
function isServerOf(pid: number, clusterDir: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform !== 'linux') return true;
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir);
  } catch {
    return false;
  }
}
