/** Literals that grow with the subject and hold no logic: exempt from file and line length. */
const TABLES: readonly string[] = [];

/** Writes to the terminal of whoever started it. */
const TERMINAL = [/^server\/src\/main\.ts$/, /^server\/src\/(demo|bench)\//];

/** The two joints where a declaration's types meet rows whose columns are known only at run time. */
const ANY = ['server/src/api/resource.ts', 'server/src/store/entity-store.ts'];

const CLOCKS = ['server/src/kernel/time.ts', 'server/src/kernel/ids.ts'];

/** Reads the environment: one file of the product, and the support code that starts it in tests. */
const ENVIRONMENT = [/^server\/src\/config\.ts$/, /^server\/test\/support\//];

/** Owns a connection or a child process, so it is a class. Everything else is functions over plain values. */
const CONNECTION_OWNERS = ['server/src/store/embedded-clickhouse.ts', 'server/src/store/value-client.ts'];

export function isTable(path: string): boolean {
  return TABLES.includes(path);
}

export function mayPrint(path: string): boolean {
  return TERMINAL.some((pattern) => pattern.test(path));
}

export function mayUseAny(path: string): boolean {
  return ANY.includes(path);
}

export function mayReadClock(path: string): boolean {
  return CLOCKS.includes(path);
}

export function mayReadEnvironment(path: string): boolean {
  return ENVIRONMENT.some((pattern) => pattern.test(path));
}

export function mayDeclareClasses(path: string): boolean {
  return CONNECTION_OWNERS.includes(path);
}
