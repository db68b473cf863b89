import Fastify from 'fastify';
import { readEnv } from '../config.ts';
import { openContext } from '../context.ts';
import { newId } from '../kernel/ids.ts';

/**
 * The floor of the API bench: bare Fastify routes that make one insert or one select through pg, on an
 * embedded store of their own. Runs as a process of its own: `node dist/bench/floor-server.js`.
 */
async function serveFloor(): Promise<void> {
  const config = readEnv();
  const ctx = await openContext(config);
  const { pool } = ctx;
  await pool.query(`create table if not exists floor_product (
    org_id uuid, id uuid, version int, dt_created timestamptz, name text, code text, custom_fields jsonb,
    primary key (org_id, id))`);
  await pool.query(
    'create index if not exists floor_page on floor_product (org_id, dt_created desc, id desc)',
  );
  const orgId = newId();
  const app = Fastify();
  app.get('/readyz', async () => ({ status: 'ready' }));
  app.post('/products', async (request) => {
    const body = request.body as { name: string; code: string };
    const { rows } = await pool.query(
      `insert into floor_product values ($1, $2, 1, now(), $3, $4, '{}') returning *`,
      [orgId, newId(), body.name, body.code],
    );
    return rows[0];
  });
  app.get('/products/:id', async (request) => {
    const { id } = request.params as { id: string };
    const { rows } = await pool.query('select * from floor_product where org_id = $1 and id = $2', [
      orgId,
      id,
    ]);
    return rows[0];
  });
  app.get('/products', async () => {
    const { rows } = await pool.query(
      'select * from floor_product where org_id = $1 order by dt_created desc, id desc limit 100',
      [orgId],
    );
    return { data: rows };
  });
  app.put('/products/:id', async (request) => {
    const { id } = request.params as { id: string };
    const body = request.body as { name: string };
    const { rows } = await pool.query(
      'update floor_product set name = $3, version = version + 1 where org_id = $1 and id = $2 returning *',
      [orgId, id, body.name],
    );
    return rows[0];
  });
  await app.listen({ port: config.port, host: config.host });
  process.once('SIGTERM', async () => {
    await app.close();
    await ctx.close();
  });
}

await serveFloor();
