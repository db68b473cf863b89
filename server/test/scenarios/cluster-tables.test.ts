import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLUSTER_SETTINGS, type ClickHouse, openClickHouse } from '../../src/store/clickhouse.ts';
import { clickhouseFiles, schemaTableSql } from '../../src/store/migrate.ts';

const ID = '0198a5a0-0000-7000-8000-00000000000a';
const ALONE = { clickhouseUrl: null, clickhouseCluster: null };
const STATEMENTS = [schemaTableSql('usage'), ...clickhouseFiles('usage').flatMap((file) => file.statements)];

let dir: string;
let store: ClickHouse;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterbook-cluster-'));
  store = await openClickHouse(ALONE, dir);
});
afterAll(async () => {
  await store.close();
  await rm(dir, { recursive: true, force: true });
});

// The engine of the tests has no keeper, so no cluster can be made of it.
test.each(STATEMENTS)('the engine can read: %s', async (statement) => {
  const answer = await store.client.query({ query: `EXPLAIN AST ${statement}`, format: 'TabSeparated' });
  expect(await answer.text()).toContain('CreateQuery');
});

test('a row that came twice under two tokens counts once with the settings of a cluster', async () => {
  const [, local = ''] = STATEMENTS;
  const unreplicated = local
    .replace(' on cluster `usage`', '')
    .replace(/Replicated(\w+)\([^)]*\)/, '$1')
    .replaceAll(/replicated_deduplication_window\w* = \d+,\s*/g, '');
  await store.client.command({ query: unreplicated });
  await store.client.command({ query: 'SYSTEM STOP MERGES measurement_local' });
  const row = {
    org_id: ID,
    meter_id: ID,
    account_id: ID,
    batch_id: ID,
    insert_id: ID,
    ts: '2026-03-05',
    uid: 'u',
  };
  for (const token of ['first', 'second']) {
    await store.client.insert({
      table: 'measurement_local',
      values: [
        { ...row, position: 0 },
        { ...row, position: 1 },
      ],
      format: 'JSONEachRow',
      clickhouse_settings: { insert_deduplication_token: token },
    });
  }
  const { distributed_foreground_insert: _, insert_quorum: _quorum, ...reading } = CLUSTER_SETTINGS;
  const counted = async (settings: object) => {
    const query = 'select toString(count()) as n from measurement_local prewhere org_id = {id:UUID}';
    const params = { query_params: { id: ID }, clickhouse_settings: { ...settings } };
    return (await store.client.query({ query, format: 'JSONEachRow', ...params })).json();
  };
  expect(await counted({})).toEqual([{ n: '4' }]);
  expect(await counted(reading)).toEqual([{ n: '2' }]);
});
