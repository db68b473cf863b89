import { type Access, openClient } from '../demo/api-client.ts';
import { type LoadClient, openLoadClient, runLoad } from './load.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

export type ApiOptions = { readonly requests: number; readonly connections: number };
export type ApiResult = {
  readonly operation: string;
  readonly perSecond: number;
  readonly floorPerSecond: number;
  readonly ratio: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
};

type Figures = { readonly perSecond: number; readonly p50Ms: number; readonly p99Ms: number };

/** As many times are both measured in turn; the middle ratio counts. */
const ROUNDS = 3;

/** Create, read, list and update of products per second, beside bare Fastify with one SQL statement each. */
export async function benchApi(options: ApiOptions): Promise<ApiResult[]> {
  const floor = await opened('../bench/floor-server.js', async (access) => {
    const json = { 'content-type': 'application/json' };
    return { load: openLoadClient(access.baseUrl, json, options.connections), path: '/products' };
  });
  const product = await opened('../main.js', async (access) => {
    const client = await openClient(access);
    const headers = { authorization: client.authorization, 'content-type': 'application/json' };
    const load = openLoadClient(access.baseUrl, headers, options.connections);
    return { load, path: `/organizations/${access.orgId}/products` };
  });
  try {
    // The first round is not counted: while code is being compiled, the larger program compiles longer.
    await resultsOf({ floor, product }, options);
    const rounds: ApiResult[][] = [];
    while (rounds.length < ROUNDS) rounds.push(await resultsOf({ floor, product }, options));
    return middleOf(rounds);
  } finally {
    await Promise.all([floor.server.stop(), product.server.stop()]);
  }
}

type Opened = { readonly server: ServerProcess; readonly target: Target };

async function opened(main: string, open: (access: Access) => Promise<Target>): Promise<Opened> {
  const server = await startServerProcess(main, ['serve']);
  return { server, target: await open(server.access) };
}

async function resultsOf(
  { floor, product }: { readonly floor: Opened; readonly product: Opened },
  options: ApiOptions,
): Promise<ApiResult[]> {
  const floors = await figuresOf(floor.target, options);
  const figures = await figuresOf(product.target, options);
  return [...figures].map(([operation, { perSecond, p50Ms, p99Ms }]) => {
    const floorPerSecond = floors.get(operation)?.perSecond ?? 0;
    return { operation, perSecond, floorPerSecond, ratio: perSecond / floorPerSecond, p50Ms, p99Ms };
  });
}

function middleOf(rounds: readonly ApiResult[][]): ApiResult[] {
  const [first = []] = rounds;
  return first.flatMap((_, at) => {
    const results = rounds.flatMap((round) => round[at] ?? []).toSorted((a, b) => a.ratio - b.ratio);
    return results[Math.floor(results.length / 2)] ?? [];
  });
}

type Target = { readonly load: LoadClient; readonly path: string };

let round = 0;

async function figuresOf({ load, path }: Target, options: ApiOptions): Promise<Map<string, Figures>> {
  round += 1;
  const bodyOf = (index: number, version: object) =>
    JSON.stringify({ name: `Product ${index}`, code: `bench-${round}-${index}`, ...version });
  const run = (call: (index: number) => { method: string; path: string; body?: string }, share = 1) =>
    runLoad(load, { count: Math.ceil(options.requests * share), connections: options.connections, call });
  const first = await load.send({ method: 'GET', path });
  const create = await run((index) => ({ method: 'POST', path, body: bodyOf(index, {}) }));
  const made = (JSON.parse((await load.send({ method: 'GET', path })).text) as { data: { id: string }[] })
    .data;
  const ids = made.map((item) => item.id);
  const read = await run((index) => ({ method: 'GET', path: `${path}/${ids[index % ids.length]}` }));
  const list = await run(() => ({ method: 'GET', path: `${path}?pageSize=100` }), 0.1);
  // Each connection updates its own entity, so that versions are known without reading.
  const versions = new Map<string, number>();
  const update = await run((index) => {
    const id = ids[index % ids.length] ?? '';
    const version = (versions.get(id) ?? 0) + 1;
    versions.set(id, version);
    return {
      method: 'PUT',
      path: `${path}/${id}`,
      body: JSON.stringify({ name: 'Changed', code: `c-${round}-${id}`, version }),
    };
  });
  if (first.status !== 200) throw new Error('the list of products cannot be read');
  return new Map(Object.entries({ create, read, 'list(100)': list, update }));
}
