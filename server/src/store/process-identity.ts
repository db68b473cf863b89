import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A text that tells one life of a process id from the next: pids are given out again, and in a container
 * every main process has pid 1. Null when no such process is alive.
 */
export function lifeOfProcess(pid: number): string | null {
  if (!isAlive(pid)) return null;
  return existsSync('/proc/self/stat') ? linuxLife(pid) : psLife(pid);
}

/** True while a process has this id. A process of somebody else counts as well. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Waits until a process is gone; false when it is still there after the time. */
export async function waitForEnd(pid: number, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  while (isRunning(pid)) {
    if (performance.now() > end) return false;
    await sleep(20);
  }
  return true;
}

/** Dead children stay as zombies until their parent looks at them; they no longer run. */
function isRunning(pid: number): boolean {
  const life = lifeOfProcess(pid);
  return life !== null && !life.startsWith('Z');
}

/** State and start time are fields 3 and 22 of /proc/PID/stat; field 2 may hold blanks and brackets. */
function linuxLife(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const zombie = fields[0] === 'Z' ? 'Z ' : '';
    return `${zombie}${boot} ${fields[19]}`;
  } catch {
    return null;
  }
}

function psLife(pid: number): string | null {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null;
  } catch {
    return null;
  }
}
