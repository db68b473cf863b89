import { describe, expect, test } from 'vitest';
import { clickhouseFiles, schemaTableSql, statements } from './migrate.ts';

test.each<[string, string, readonly string[]]>([
  ['one statement without an end', 'select 1', ['select 1']],
  [
    'two statements',
    'create table a (x Int8);\ncreate table b (x Int8);\n',
    ['create table a (x Int8)', 'create table b (x Int8)'],
  ],
  ['a semicolon inside of a line', "select ';x';\nselect 2;", ["select ';x'", 'select 2']],
  ['comment lines', '-- first;\nselect 1\n  -- inside;\n  , 2;\n', ['select 1\n\n  , 2']],
  ['Windows line ends', 'select 1;\r\nselect 2;\r\n', ['select 1', 'select 2']],
  ['nothing', '\n-- nothing\n', []],
])('%s', (_name, text, expected) => {
  expect(statements(text)).toEqual(expected);
});

describe('on a cluster', () => {
  const files = clickhouseFiles('usage-1');
  const all = files.flatMap((file) => file.statements);

  test('the same migrations are applied as on one server', () => {
    expect(files.map(({ name }) => name)).toEqual(clickhouseFiles(null).map(({ name }) => name));
  });

  test('every statement names the cluster, and no placeholder is left', () => {
    for (const statement of [...all, schemaTableSql('usage-1')]) {
      expect(statement).toMatch(/^create table if not exists \w+ on cluster `usage-1`/i);
      expect(statement).not.toContain('{{');
    }
  });

  test('measurements are replicated within a shard and reached through a distributed table', () => {
    const [local = '', distributed = ''] = all;
    expect(local).toMatch(/^create table if not exists measurement_local/);
    expect(local).toContain(
      "engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')",
    );
    expect(local).toContain('order by (org_id, meter_id, account_id, ts, batch_id, position)');
    expect(distributed).toMatch(/^create table if not exists measurement on cluster/);
    expect(distributed).toContain(
      'engine = Distributed(`usage-1`, currentDatabase(), measurement_local, cityHash64(account_id))',
    );
  });

  test('a measurement has the same columns as on one server', () => {
    const columnsOf = (statement = '') => /\(\n([\s\S]*?)\n\) engine/.exec(statement)?.[1];
    const [alone] = clickhouseFiles(null).flatMap((file) => file.statements);
    expect(columnsOf(all[0])).toContain('org_id UUID');
    expect(columnsOf(all[0])).toBe(columnsOf(alone));
  });
});
