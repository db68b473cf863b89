import { type SpawnOptions, spawnSync } from 'node:child_process';
import {
  accessSync,
  chownSync,
  constants,
  existsSync,
  lchownSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { StartError } from '../kernel/start-error.ts';

/** The system account that PostgreSQL runs under. It refuses to run as root. */
export type Account = { readonly uid: number; readonly gid: number };

/** A command line with the options to spawn it. */
export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
};

const ACCOUNT_NAME = 'postgres';

/**
 * The account for a cluster folder: null (our own) unless we are root; then the owner of an existing folder,
 * the system's `postgres` user, or a new user of that name.
 */
export function accountFor(clusterDir: string): Account | null {
  if (process.getuid?.() !== 0) return null;
  if (existsSync(clusterDir)) {
    const { uid, gid } = statSync(clusterDir);
    if (uid !== 0) return { uid, gid };
  }
  return namedAccount(ACCOUNT_NAME) ?? createdAccount() ?? namedAccount('nobody') ?? noAccount();
}

function noAccount(): never {
  throw new StartError(
    'PostgreSQL does not run as root; start as an ordinary user, make a user postgres, or set DATABASE_URL',
  );
}

function namedAccount(name: string): Account | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined
    ? null
    : { uid: Number.parseInt(uid, 10), gid: Number.parseInt(gid, 10) };
}

function createdAccount(): Account | null {
  spawnSync('useradd', ['--system', '--user-group', '--no-create-home', ACCOUNT_NAME], { stdio: 'ignore' });
  return namedAccount(ACCOUNT_NAME);
}

/** Gives a folder and everything in it to the account. */
export function giveTo(account: Account, folder: string): void {
  chownSync(folder, account.uid, account.gid);
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) giveTo(account, path);
    else lchownSync(path, account.uid, account.gid);
  }
}

/**
 * How to start a PostgreSQL program under its account. With util-linux' `setpriv` the kernel also tells the
 * server to shut down when we die (SIGINT = fast shutdown), and as root the account can reach folders whose
 * parents are closed to it (`/root`, a private temp folder): it is given the one capability to search and
 * read. Own process group: a signal to ours must not stop the database while requests are still being
 * answered.
 */
export function launchAs(account: Account | null, command: string, args: readonly string[]): Launch {
  const setpriv = '/usr/bin/setpriv';
  const options: SpawnOptions = { detached: true };
  if (process.platform !== 'linux' || !isExecutable(setpriv)) {
    return { command, args, options: account ? { ...options, ...account } : options };
  }
  const rights = ['--pdeathsig', 'SIGINT', ...(account ? accountArgs(account) : [])];
  return { command: setpriv, args: [...rights, '--', command, ...args], options };
}

function accountArgs({ uid, gid }: Account): readonly string[] {
  const ids = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const capability = searchCapability();
  if (capability === null) return ids;
  const set = `-all,+${capability}`;
  return [...ids, '--securebits=+no_setuid_fixup', `--inh-caps=${set}`, `--ambient-caps=${set}`];
}

/** Bits 1 and 2 of the capability set; containers often lack the narrower `dac_read_search`. */
function searchCapability(): string | null {
  const status = readFileSync('/proc/self/status', 'utf8');
  const permitted = BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  if ((permitted & 4n) !== 0n) return 'dac_read_search';
  return (permitted & 2n) === 0n ? null : 'dac_override';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
