import { type Access, openClient } from '../demo/api-client.ts';
import { type LoadClient, openLoadClient, runLoad } from './load.ts';
import { startServerProcess } from './server-process.ts';

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

/** Create, read, list and update of products per second, beside bare Fastify with one SQL statement each. */
export async function benchApi(options: ApiOptions): Promise<ApiResult[]> {
  const floor = await measured('../bench/floor-server.js', options, async (access) => {
    const json = { 'content-type': 'application/json' };
    return { load: openLoadClient(access.baseUrl, json, options.connections), path: '/products' };
  });
  const product = await measured('../main.js', options, async (access) => {
    const client = await openClient(access);
    const headers = { authorization: client.authorization, 'content-type': 'application/json' };
    const load = openLoadClient(access.baseUrl, headers, options.connections);
    return { load, path: `/organizations/${access.orgId}/products` };
  });
  return [...product].map(([operation, { perSecond, p50Ms, p99Ms }]) => {
    const floorPerSecond = floor.get(operation)?.perSecond ?? 0;
    return { operation, perSecond, floorPerSecond, ratio: perSecond / floorPerSecond, p50Ms, p99Ms };
  });
}

type Target = { readonly load: LoadClient; readonly path: string };

async function measured(
  main: string,
  options: ApiOptions,
  open: (access: Access) => Promise<Target>,
): Promise<Map<string, Figures>> {
  const server = await startServerProcess(main, ['serve']);
  try {
    const target = await open(server.access);
    await figuresOf(target, { ...options, requests: Math.ceil(options.requests / 10) });
    return await figuresOf(target, options);
  } finally {
    await server.stop();
  }
}

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
