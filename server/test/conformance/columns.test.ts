import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { fieldFacts } from '../../src/api/fields.ts';
import { scheduledEntities } from '../../src/areas/integration/index.ts';
import { schedulableDates } from '../../src/areas/integration/scheduled-event-rules.ts';
import type { Context } from '../../src/context.ts';
import { parts, resources, singletons } from '../../src/registry-resources.ts';
import { openTestContext } from '../support/stores.ts';

const ENVELOPE = ['orgId', 'id', 'version', 'dtCreated', 'dtLastModified', 'createdBy', 'lastModifiedBy'];

type Column = { columnName: string; dataType: string; isNullable: 'YES' | 'NO' };

let ctx: Context;
beforeAll(async () => {
  ctx = await openTestContext();
});
afterAll(() => ctx.close());

async function columnsOf(table: string): Promise<Map<string, Column>> {
  const { rows } = await sql<Column>`
    select column_name, data_type, is_nullable from information_schema.columns
    where table_schema = 'public' and table_name = ${table}`.execute(ctx.db);
  return new Map(rows.map((row) => [camelCase(row.columnName), row]));
}

function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

const declared = [...resources, ...parts, ...singletons].map(({ name, table, fields, entityTable }) => ({
  name,
  table,
  fields: fields as Record<string, z.ZodType>,
  entityTable,
}));

test('every date that can schedule events is a column of the rows that are looked through', async () => {
  const sources = scheduledEntities([...resources, ...parts], singletons);
  for (const [entity, fields] of schedulableDates()) {
    // Balances are the rows of what their amounts are told by.
    const noun = entity === 'balanceamount' ? 'balance' : entity;
    const source = sources.find(({ event }) => event.split('.')[1] === noun);
    const columns = await columnsOf(source?.table ?? '');
    const names = fields.map((field) => (field === 'createdDate' ? 'dtCreated' : field));
    expect([...columns.keys()], entity).toEqual(expect.arrayContaining(['id', ...names]));
  }
});

describe.each(declared)('table of $name', ({ table, fields, entityTable }) => {
  test('has a column for every declared field and the envelope, and no other that is required', async () => {
    const columns = await columnsOf(table);
    const wanted = [...ENVELOPE, ...entityTable.columns];
    expect([...columns.keys()]).toEqual(expect.arrayContaining(wanted));
    const others = [...columns].filter(([name]) => !wanted.includes(name));
    expect(others.filter(([, column]) => column.isNullable === 'NO').map(([name]) => name)).toEqual([]);
  });

  test('keeps objects and lists as json and nothing else', async () => {
    const columns = await columnsOf(table);
    const json = Object.keys(fields).filter((name) => columns.get(name)?.dataType.startsWith('json'));
    expect(json.sort()).toEqual([...entityTable.jsonColumns].sort());
  });

  test('takes no null where the declaration requires a value', async () => {
    const columns = await columnsOf(table);
    const required = Object.keys(fields).filter(
      (name) => !fieldFacts.get(fields[name] as z.ZodType)?.optional,
    );
    expect(required.filter((name) => columns.get(name)?.isNullable === 'YES')).toEqual([]);
  });
});
