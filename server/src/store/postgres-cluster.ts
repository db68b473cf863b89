import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../kernel/start-error.ts';
import { keptSecret } from './data-directory.ts';
import { type Account, accountFor, giveTo, launchAs } from './postgres-account.ts';
import { findPostgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';

/** The private PostgreSQL's place on disk and how its programs are run. */
export type Cluster = {
  readonly dir: string;
  readonly account: Account | null;
  readonly binaries: PostgresBinaries;
  readonly passwordFile: string;
  readonly logFile: string;
};

/** The cluster of a data directory, which need not exist yet. */
export function clusterIn(dataDir: string): Cluster {
  const dir = join(dataDir, 'postgres');
  return {
    dir,
    account: accountFor(dir),
    binaries: findPostgresBinaries(join(dataDir, 'postgres-lib')),
    passwordFile: join(dataDir, 'postgres-password'),
    logFile: join(dataDir, 'postgres.log'),
  };
}

/**
 * Creates the cluster when it is absent. Throws `StartError` when it is of another version or cannot be made.
 */
export function prepareCluster(cluster: Cluster): void {
  if (!existsSync(join(cluster.dir, 'PG_VERSION'))) {
    createCluster(cluster);
    return;
  }
  checkVersion(cluster);
  if (cluster.account && statSync(cluster.dir).uid === 0) giveTo(cluster.account, cluster.dir);
}

const MAJOR_VERSION = '18';

function checkVersion({ dir }: Cluster): void {
  const version = readFileSync(join(dir, 'PG_VERSION'), 'utf8').trim();
  if (version === MAJOR_VERSION) return;
  throw new StartError(`${dir} was made by PostgreSQL ${version}, this release brings ${MAJOR_VERSION}`);
}

/**
 * A cluster appears under its name only when it is complete, so a start that was killed leaves no half of
 * one.
 */
function createCluster(cluster: Cluster): void {
  const unfinished = `${cluster.dir}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  keptSecret(cluster.passwordFile);
  if (cluster.account) {
    giveTo(cluster.account, unfinished);
    chownSync(cluster.passwordFile, cluster.account.uid, cluster.account.gid);
  }
  runInitdb(cluster, unfinished);
  rmSync(cluster.dir, { recursive: true, force: true });
  renameSync(unfinished, cluster.dir);
}

/**
 * Text is compared by code point everywhere, so that no system library's locale decides an order or an index.
 */
function runInitdb(cluster: Cluster, folder: string): void {
  const { command, args, options } = launchAs(cluster.account, cluster.binaries.initdb, [
    `--pgdata=${folder}`,
    '--username=postgres',
    `--pwfile=${cluster.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]);
  const run = spawnSync(command, args, {
    cwd: options.cwd,
    uid: options.uid,
    gid: options.gid,
    env: environmentOf(cluster.binaries),
    encoding: 'utf8',
  });
  if (run.status === 0) return;
  const reason = lastLine(run.stderr ?? '') ?? run.error?.message ?? `status ${run.status}`;
  throw new StartError(`the built-in PostgreSQL could not be set up: ${reason}`);
}

/** A server's environment is ours to choose: nothing of the caller's PG* variables or locale may reach it. */
export function environmentOf({ libraryPath }: PostgresBinaries): Record<string, string> {
  const common = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };
  return libraryPath === null ? common : { ...common, LD_LIBRARY_PATH: libraryPath };
}

/**
 * The last line that says something, without its time stamp; initdb ends with advice that is of no use here.
 */
export function lastLine(text: string): string | null {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !/removing |HINT:/.test(line));
  const telling = lines.findLast((line) => /FATAL|PANIC|error:|ERROR/.test(line)) ?? lines.at(-1);
  return telling?.replace(/^.*?(?:FATAL|PANIC|ERROR|error):\s*/, '').trim() ?? null;
}
