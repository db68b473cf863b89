import { parseArgs } from 'node:util';
import { readEnv } from './config.ts';
import { reasonOf, StartError } from './kernel/start-error.ts';
import type { Role, Server } from './server.ts';

const USAGE = `usage: meterbook <command>

  serve [--only api|work]   run the product until SIGTERM or SIGINT
  migrate                   prepare the stores of DATABASE_URL and CLICKHOUSE_URL
  demo                      configure, meter and bill a demo company, print its bills
  bench [part] [options]    measure speed beside a floor: ingest, query, api, bill
  support-user <e-mail>     let somebody enter organizations that grant support access; --off ends it
  capture-bill <id> [dir]   write a bill and what it was calculated from as a test case
  openapi                   print the OpenAPI document`;

/** Runs one command. Its code is loaded only then, so that a wrong call is answered at once. */
async function runCommand([command, ...rest]: readonly string[]): Promise<void> {
  switch (command) {
    case 'serve':
      return serve(roleFrom(rest));
    case 'migrate':
      return migrateStores();
    case 'demo':
      return demonstrate();
    case 'bench':
      return measureSpeed(rest);
    case 'support-user':
      return nameSupportUser(rest);
    case 'capture-bill':
      return writeCapturedBill(rest);
    case 'openapi':
      return printOpenApi();
    default:
      throw new StartError(command === undefined ? USAGE : `there is no command "${command}"\n${USAGE}`);
  }
}

function roleFrom(args: readonly string[]): Role | null {
  const only = parsedRole(args);
  if (only === undefined) return null;
  if (only === 'api' || only === 'work') return only;
  throw new StartError(`--only takes api or work, not "${only}"`);
}

function parsedRole(args: readonly string[]): string | undefined {
  try {
    return parseArgs({ args: [...args], options: { only: { type: 'string' } } }).values.only;
  } catch (error) {
    throw new StartError(reasonOf(error), { cause: error });
  }
}

async function serve(role: Role | null): Promise<void> {
  const config = readEnv();
  const end = endOfService();
  const { startServer } = await import('./server.ts');
  const server = await startServer(config, { role, onFailure: end.fail });
  print(welcome(server));
  try {
    await end.reached;
  } finally {
    limitTime(server);
    await server.close();
  }
}

/** Listened to from the beginning: a signal during the start takes effect as soon as it is complete. */
function endOfService() {
  let fail: (reason: string) => void = () => {};
  const reached = new Promise<void>((resolve, reject) => {
    fail = (reason) => reject(new StartError(reason));
    process.on('SIGTERM', () => resolve());
    process.on('SIGINT', () => resolve());
  });
  reached.catch(() => {});
  return { reached, fail };
}

const CLOSE_TIMEOUT_MS = 40_000;

/** A request or job that never ends must not keep the process for ever. */
function limitTime(server: Server): void {
  setTimeout(() => {
    server.context.log.fatal('the stop took too long');
    process.exit(1);
  }, CLOSE_TIMEOUT_MS).unref();
}

function welcome({ address, credentials }: Server): string {
  const place = address === null ? 'Meterbook runs jobs.' : `Meterbook listens on ${address}`;
  if (credentials === null) return place;
  const { person } = credentials;
  const reference = address === null ? [] : [`The API is described at ${address}/docs`];
  const secret = credentials.generated ? credentials.apiSecret : '(as configured)';
  const password = person?.isGenerated ? `${person.password} (to be changed at once)` : '(as configured)';
  return [
    'First start: an organization was made. Keep its secrets, they are not shown again.',
    `  organization   ${credentials.orgId}`,
    `  access key id  ${credentials.accessKeyId}`,
    `  API secret     ${secret}`,
    `  sign-in        ${person?.email ?? ''}`,
    `  password       ${password}`,
    place,
    ...reference,
  ].join('\n');
}

async function migrateStores(): Promise<void> {
  const config = readEnv();
  const [{ openContext }, { migrate }] = await Promise.all([
    import('./context.ts'),
    import('./store/migrate.ts'),
  ]);
  const context = await openContext(config);
  try {
    await migrate(context);
    print('The stores are prepared.');
  } finally {
    await context.close();
  }
}

async function nameSupportUser(args: readonly string[]): Promise<void> {
  const [email, option, ...rest] = args;
  const isKnown = option === undefined || option === '--off';
  if (!email?.includes('@') || !isKnown || rest.length > 0) throw new StartError(USAGE);
  const [{ openContext }, { migrate }, { flagSupportUser }] = await Promise.all([
    import('./context.ts'),
    import('./store/migrate.ts'),
    import('./areas/identity/index.ts'),
  ]);
  const context = await openContext(readEnv());
  try {
    await migrate(context);
    const isOn = option === undefined;
    const password = await flagSupportUser(context, { email, isOn });
    print(`${email} is ${isOn ? 'now' : 'no longer'} a support user.`);
    if (password !== null) print(`Temporary password: ${password}`);
  } finally {
    await context.close();
  }
}

async function writeCapturedBill(args: readonly string[]): Promise<void> {
  const [id, folder = `./${id}`, ...rest] = args;
  if (id === undefined || rest.length > 0) throw new StartError(USAGE);
  const [{ openContext }, { captureBill }] = await Promise.all([
    import('./context.ts'),
    import('./areas/billing/index.ts'),
  ]);
  const context = await openContext(readEnv());
  try {
    await captureBill(context, id, folder);
    print(`${folder}/given.json and ${folder}/bill.txt are written. They hold the customer's figures.`);
  } finally {
    await context.close();
  }
}

async function demonstrate(): Promise<void> {
  const [{ openDemo }, { runDemo }] = await Promise.all([
    import('./demo/open-demo.ts'),
    import('./demo/run-demo.ts'),
  ]);
  const demo = await openDemo(readEnv());
  try {
    await runDemo(demo.client, { line: print, progress });
    print(demo.farewell);
  } finally {
    await demo.close();
  }
}

/** Redraws one line of a terminal; elsewhere nothing is shown. */
function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`);
}

async function measureSpeed(args: readonly string[]): Promise<void> {
  const { runBench } = await import('./bench/run-bench.ts');
  await runBench(args, print);
}

async function printOpenApi(): Promise<void> {
  const [{ openApiDocument }, { operations, publicRoutes }] = await Promise.all([
    import('./api/openapi.ts'),
    import('./registry.ts'),
  ]);
  print(JSON.stringify(openApiDocument(operations, publicRoutes), null, 2));
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** What an operator can put right is one line; anything else is a bug of ours and comes with its stack. */
function complaint(error: unknown): string {
  if (error instanceof StartError) return `meterbook: ${error.message}\n`;
  return `meterbook: ${error instanceof Error ? error.stack : String(error)}\n`;
}

try {
  await runCommand(process.argv.slice(2));
  process.exit(0);
} catch (error) {
  process.stderr.write(complaint(error));
  process.exit(1);
}
