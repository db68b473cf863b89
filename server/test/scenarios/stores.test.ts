import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClickHouseClient, ClickHouseError } from '@clickhouse/client';
import { sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Context, isReady, openContext } from '../../src/context.ts';
import { Decimal } from '../../src/kernel/decimal.ts';
import { Temporal } from '../../src/kernel/time.ts';
import { type ClickHouse, openClickHouse } from '../../src/store/clickhouse.ts';
import type { Reader, Row } from '../../src/store/database.ts';
import { startEmbeddedPostgres } from '../../src/store/embedded-postgres.ts';
import { insertRows } from '../../src/store/insert-rows.ts';
import { isMigrated, migrate } from '../../src/store/migrate.ts';
import { onOneSession } from '../../src/store/one-session.ts';
import { jsonb } from '../../src/store/postgres.ts';
import { WITH_NEXT } from '../../src/store/value-client.ts';
import { openTestContext } from '../support/stores.ts';

describe('PostgreSQL', () => {
  let ctx: Context;
  beforeAll(async () => {
    ctx = await openTestContext();
    await sql`create table specimen (id int, big_amount numeric, seen_at timestamptz, on_day date, free jsonb,
      list jsonb, row_count int8, code_list text[], days date[])`.execute(ctx.db);
  });
  afterAll(() => ctx.close());

  const specimen = {
    id: 1,
    bigAmount: new Decimal('12345678901234567890.1234567890123456'),
    seenAt: Temporal.Instant.from('2026-03-29T01:30:00.123456Z'),
    onDay: Temporal.PlainDate.from('2026-02-28'),
    free: {
      snake_case: new Decimal('0.10'),
      camelCase: null,
      at: Temporal.Instant.from('2026-01-01T00:00:00Z'),
    },
    rowCount: 9_007_199_254_740_991,
    codeList: ['a', 'b"c', 'd,e'],
  };

  test('values come back as they went in, with all their digits', async () => {
    const row = await ctx.db
      .insertInto('specimen')
      .values({ ...specimen, list: jsonb([{ a: new Decimal('0.1') }]) })
      .returningAll()
      .executeTakeFirstOrThrow();
    expect(String(row['bigAmount'])).toBe('12345678901234567890.1234567890123456');
    expect(String(row['seenAt'])).toBe('2026-03-29T01:30:00.123456Z');
    expect(String(row['onDay'])).toBe('2026-02-28');
    expect(row['free']).toEqual({
      snake_case: new Decimal('0.1'),
      camelCase: null,
      at: '2026-01-01T00:00:00Z',
    });
    expect(row['list']).toEqual([{ a: new Decimal('0.1') }]);
    expect(row).toMatchObject({ rowCount: 9_007_199_254_740_991, codeList: ['a', 'b"c', 'd,e'] });
  });

  test.each([
    ['plain texts', ['a', null, 'b']],
    ['an empty text and none', ['', null]],
    ['a single empty text', ['']],
    ['line breaks and marks', ['a\nb', '\u0001', 'c\r\n\t\\N', null]],
    ['quotes and braces', ['{"a,b"}', "it's", 'NULL', '\\', '"']],
    ['the mark around quoted texts', ['\u0001', '\u0001a\u0001', 'a\u0001\u0001', 'a\u0001\tb']],
    ['what ends the rows of a COPY', ['\\.', '\\.\n\\.', null]],
    ['a hundred texts', Array.from({ length: 100 }, (_, at) => `text ${at}`)],
  ])('whole rows are stored as they are: %s', async (_, texts) => {
    const rows = texts.map((text, at) => ({
      orderNumber: at,
      amount: new Decimal('0.10').plus(at),
      seenAt: Temporal.Instant.from('2026-03-29T01:30:00.123456Z'),
      onDay: at === 0 ? null : Temporal.PlainDate.from('2026-02-28'),
      isOpen: at === 1,
      text,
      free: text === null ? null : { text, list: [new Decimal('1.5'), null] },
    }));
    await sql`create table whole_row (order_number int, amount numeric, seen_at timestamptz, on_day date,
      is_open boolean, text text, free jsonb, never_given uuid)`.execute(ctx.db);
    await ctx.db.transaction().execute((tx) => insertRows(tx, 'whole_row', rows));
    const stored = await sql<Row>`select * from whole_row order by order_number`.execute(ctx.db);
    await sql`drop table whole_row`.execute(ctx.db);
    expect(stored.rows).toEqual(rows.map((row) => ({ ...row, neverGiven: null })));
  });

  test('values serve as parameters of comparisons, in lists as well', async () => {
    const { rows } = await sql`select id from specimen where big_amount = ${specimen.bigAmount}
      and seen_at = ${specimen.seenAt} and on_day = any(${[specimen.onDay]}::date[])`.execute(ctx.db);
    expect(rows).toEqual([{ id: 1 }]);
  });

  test('an int8 beyond the safe numbers is an error, not another number', async () => {
    await expect(sql`select 9007199254740993::int8 as n`.execute(ctx.db)).rejects.toThrow('too large');
  });

  test('a driver pool speaks the plain types of the driver', async () => {
    const pool = ctx.driverPool(1);
    const { rows } = await pool.query('select \'{"a":1}\'::jsonb as json, 1.5::numeric as amount');
    expect(rows).toEqual([{ json: { a: 1 }, amount: '1.5' }]);
    await pool.end();
  });

  test.each(['first', 'second', 'third'])(
    'the %s time that nobody waits for a write, it is there',
    async (_) => {
      await sql`create table if not exists unread (id int primary key)`.execute(ctx.db);
      const seen = await onOneClient(async (query) => {
        await query('begin');
        await query(`${WITH_NEXT}insert into unread values ($1)`, [1]);
        const { rows } = await query('select id, $1::int as given from unread', [7]);
        await query(`${WITH_NEXT}insert into unread values ($1)`, [2]);
        await query('commit');
        return [...rows, ...(await query('delete from unread returning id', [])).rows];
      });
      expect(seen).toEqual([{ id: 1, given: 7 }, { id: 1 }, { id: 2 }]);
    },
  );

  test("statements begun together are answered in order by the transaction's session", async () => {
    const answered: string[] = [];
    const asked = (session: Reader, name: string, seconds: number) =>
      sql<{ pid: number }>`select pg_backend_pid() as pid from pg_sleep(${seconds})`
        .execute(session)
        .then(({ rows }) => {
          answered.push(name);
          return rows[0]?.pid;
        });
    const [own, ...pids] = await ctx.db
      .transaction()
      .execute(async (tx) => [
        await asked(tx, 'transaction', 0),
        ...(await onOneSession(tx, (session) =>
          Promise.all([asked(session, 'slow', 0.1), asked(session, 'fast', 0)]),
        )),
      ]);
    expect(answered).toEqual(['transaction', 'slow', 'fast']);
    expect(pids).toEqual([own, own]);
  });

  test('one that fails undoes the transaction and leaves the pool usable', async () => {
    const failed = ctx.db.transaction().execute(async (tx) => {
      await sql`insert into specimen (id) values (77)`.execute(tx);
      await onOneSession(tx, (session) =>
        Promise.all([sql`select 1 / 0`.execute(session), sql`select pg_sleep(0.05)`.execute(session)]),
      );
    });
    await expect(failed).rejects.toThrow('division by zero');
    const found = await Promise.all(
      Array.from({ length: 30 }, () => sql`select id from specimen where id = 77`.execute(ctx.db)),
    );
    expect(found.flatMap(({ rows }) => rows)).toEqual([]);
  });

  test('a refused write that nobody waits for fails the commit, and nothing stays', async () => {
    await sql`create table if not exists unread (id int primary key)`.execute(ctx.db);
    const insertTwice = async (query: Query, second: number) => {
      await query('begin');
      await query(`${WITH_NEXT}insert into unread values ($1)`, [1]);
      await query(`${WITH_NEXT}insert into unread values ($1)`, [second]);
      await query('commit');
    };
    await onOneClient(async (query) => {
      await insertTwice(query, 2);
      await query('delete from unread', []);
      await expect(insertTwice(query, 1)).rejects.toMatchObject({ code: '23505' });
      await query('rollback');
      expect((await query('select count(*)::int as stored from unread')).rows).toEqual([{ stored: 0 }]);
    });
  });

  test.each(['first', 'second', 'third'])(
    'the %s time that copied rows are refused, the commit fails and nothing stays',
    async (_) => {
      await sql`create table if not exists copied (id int primary key, free jsonb)`.execute(ctx.db);
      const copyTwice = (second: number) =>
        ctx.db.transaction().execute(async (tx) => {
          await insertRows(tx, 'copied', [{ id: 1 }, { id: 3 }]);
          await insertRows(tx, 'copied', [{ id: second, free: { text: '\\\n' } }]);
        });
      await copyTwice(2);
      const stored = await sql<Row>`delete from copied returning *`.execute(ctx.db);
      await expect(copyTwice(1)).rejects.toMatchObject({ code: '23505' });
      const left = await sql<Row>`select * from copied`.execute(ctx.db);
      expect({ stored: stored.rows, left: left.rows }).toEqual({
        stored: [
          { id: 1, free: null },
          { id: 3, free: null },
          { id: 2, free: { text: '\\\n' } },
        ],
        left: [],
      });
    },
  );

  type Query = (text: string, values?: unknown[]) => Promise<{ rows: unknown[] }>;

  /** All statements of `work` in one session. */
  async function onOneClient<T>(work: (query: Query) => Promise<T>): Promise<T> {
    const client = await ctx.pool.connect();
    try {
      return await work((text, values = []) => client.query(text, values));
    } finally {
      client.release();
    }
  }
});

describe('migrations', () => {
  let ctx: Context;
  let other: Context;
  beforeAll(async () => {
    ctx = await openTestContext();
    const name = `empty_${process.pid}`;
    await ctx.pool.query(`create database ${name}`);
    const at = (url: string | null) => url && new URL(`/${name}`, url).href;
    const config = {
      ...ctx.config,
      databaseUrl: at(ctx.databaseUrl),
      clickhouseUrl: at(ctx.config.clickhouseUrl),
    };
    other = await openContext(config);
  });
  afterAll(async () => {
    await other.close();
    await ctx.close();
  });

  test('an empty database is not ready', async () => {
    expect([await isReady(other), await isMigrated(other.db)]).toEqual([false, false]);
  });

  test('several processes that migrate at once do it once', async () => {
    await Promise.all([migrate(other), migrate(other), migrate(other)]);
    expect([await isReady(other), await isMigrated(other.db)]).toEqual([true, true]);
    const answer = await other.clickhouse.query({
      query: 'SELECT name FROM schema_migration',
      format: 'JSONEachRow',
    });
    const names = (await answer.json<{ name: string }>()).map((row) => row.name);
    expect(names.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('the embedded ClickHouse', () => {
  let dir: string;
  let store: ClickHouse;
  let client: ClickHouseClient;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'meterbook-ch-'));
    store = await openClickHouse({ clickhouseUrl: null, clickhouseCluster: null }, dir);
    client = store.client;
    await client.command({
      query: `CREATE TABLE specimen
          (id UInt64, amount Decimal(38, 10), at DateTime64(3, 'UTC'), tags Map(String, String))
        ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100`,
    });
  });
  afterAll(async () => {
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });

  async function rowsOf<T>(query: string, params: object = {}): Promise<T[]> {
    return (await client.query({ query, format: 'JSONEachRow', ...params })).json<T>();
  }

  test('keeps amounts as text and instants in ISO form', async () => {
    const row = {
      id: '1',
      amount: '12345678901234567890.1234567891',
      at: '2026-01-01T00:00:00.123Z',
      tags: { "k'": 'v;\n' },
    };
    await client.insert({ table: 'specimen', values: [row], format: 'JSONEachRow' });
    expect(await rowsOf('SELECT * FROM specimen')).toEqual([row]);
  });

  test('a deduplication token counts for its own insert only', async () => {
    await client.command({ query: 'TRUNCATE TABLE specimen' });
    const insert = (id: number, token?: string) =>
      client.insert({
        table: 'specimen',
        values: [{ id }],
        format: 'JSONEachRow',
        ...(token === undefined ? {} : { clickhouse_settings: { insert_deduplication_token: token } }),
      });
    for (const [id, token] of [[1, 'a'], [2, 'a'], [3, 'b'], [4], [5]] as [number, string?][])
      await insert(id, token);
    expect(await rowsOf('SELECT id FROM specimen ORDER BY id')).toEqual([
      { id: '1' },
      { id: '3' },
      { id: '4' },
      { id: '5' },
    ]);
  });

  test('statements at once keep their own parameters and settings', async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, async (_, n) => {
        const query = "SELECT {n:UInt32} AS n, {s:String} AS s, toUInt32(getSetting('max_block_size')) AS b";
        const settings = n % 2 === 0 ? {} : { clickhouse_settings: { max_block_size: String(1000 + n) } };
        return rowsOf(query, { query_params: { n, s: `it's ${n}` }, ...settings });
      }),
    );
    expect(answers).toEqual(
      answers.map((_, n) => [{ n, s: `it's ${n}`, b: n % 2 === 0 ? expect.any(Number) : 1000 + n }]),
    );
    expect(new Set(answers.filter((_, n) => n % 2 === 0).map(([row]) => (row as { b: number }).b)).size).toBe(
      1,
    );
  });

  test('a wrong statement is a ClickHouseError, and the next one works', async () => {
    await expect(rowsOf('SELECT nothing FROM specimen')).rejects.toThrow(ClickHouseError);
    await expect(rowsOf('SELECT nothing FROM specimen')).rejects.toMatchObject({
      code: '47',
      type: 'UNKNOWN_IDENTIFIER',
    });
    expect(await rowsOf('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  test('an insert of nothing changes nothing', async () => {
    await client.insert({ table: 'specimen', values: [], format: 'JSONEachRow' });
    expect(await client.ping()).toEqual({ success: true });
  });
});

test('a PostgreSQL that outlived its owner is stopped and its data is there', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'meterbook-pg-'));
  const query = async (url: string, text: string) => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  };
  const orphan = await startEmbeddedPostgres({ dataDir, durable: false });
  await query(orphan.url, 'create table kept as select 1 as one');
  const next = await startEmbeddedPostgres({ dataDir, durable: false });
  await orphan.ended;
  expect(await query(next.url, 'select one from kept')).toEqual([{ one: 1 }]);
  await next.stop();
  await rm(dataDir, { recursive: true, force: true });
});
