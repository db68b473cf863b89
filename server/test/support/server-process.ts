import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import type { Access } from '../../src/demo/api-client.ts';
import { newId } from '../../src/kernel/ids.ts';
import { freePort } from '../../src/store/embedded-postgres.ts';

/** `meterbook serve` as a process of its own. */
export type ServerProcess = {
  readonly pid: number;
  /** Resolves with what it printed when it listens or runs jobs; rejects when it ends before that. */
  readonly listening: Promise<string>;
  readonly ended: Promise<Ending>;
  kill(signal: NodeJS.Signals): void;
};

export type Ending = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
};

const SERVER_FOLDER = fileURLToPath(new URL('../..', import.meta.url));

/** Brings `dist` up to date with `src`, so that a test runs what users run. */
export async function builtServer(): Promise<void> {
  const answer = await fetch(`${inject('storesUrl')}/build`, { method: 'POST' });
  if (!answer.ok) throw new Error(`the build failed: ${await answer.text()}`);
}

/** How to sign in to a server that is not started yet, on a port that is free now. */
export async function freshAccess(): Promise<Access> {
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  return { baseUrl, orgId: newId(), accessKeyId: 'fault', apiSecret: newId() };
}

/** The variables of a server that is reached in this way; where its stores are comes on top. */
export function serverEnvironment({
  baseUrl,
  orgId,
  accessKeyId,
  apiSecret,
}: Access): Record<string, string> {
  return {
    PORT: new URL(baseUrl).port,
    METERBOOK_LOG_LEVEL: 'fatal',
    METERBOOK_BOOTSTRAP_ORG_ID: orgId,
    METERBOOK_BOOTSTRAP_ACCESS_KEY_ID: accessKeyId,
    METERBOOK_BOOTSTRAP_API_SECRET: apiSecret,
  };
}

/** Starts it with these variables only, so that nothing of the caller's environment decides a test. */
export function startServerProcess(env: Record<string, string>, args: readonly string[] = []): ServerProcess {
  const child = spawn(process.execPath, ['dist/main.js', 'serve', ...args], {
    cwd: SERVER_FOLDER,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], METERBOOK_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const ended = endingOf(child, output);
  const listening = listeningOf(child, output, ended);
  listening.catch(() => {});
  return { pid: child.pid ?? 0, listening, ended, kill: (signal) => child.kill(signal) };
}

type Output = { stdout: string; stderr: string };

function endingOf(child: ChildProcess, output: Output): Promise<Ending> {
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal, ...output }));
  });
}

function listeningOf(child: ChildProcess, output: Output, ended: Promise<Ending>): Promise<string> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (/listens on|runs jobs/.test(output.stdout)) resolve(output.stdout);
    };
    child.stdout?.on('data', look);
    ended.then(({ stderr }) => reject(new Error(`it ended before it listened: ${stderr}`)));
  });
}

/** The processes whose command line names a folder, such as the database server of a data directory. */
export function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => commandLine(pid))
    .filter((line) => line.includes(folder));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
