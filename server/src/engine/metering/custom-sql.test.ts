import { describe, expect, test } from 'vitest';
import { customSqlFrom } from './custom-sql.ts';

const FIELDS = ['qty', 'region', 'tables', 'measurement', 'day', 'sleep'];

function written(text: string): string {
  const query = customSqlFrom(text, FIELDS);
  return 'refused' in query ? `refused: ${query.refused}` : query.sql('rows');
}

const START = 'with `u_measurements` as (rows)';

describe('a query that is allowed', () => {
  test.each([
    ['select sum(qty) from measurements', 'select sum ( `u_qty` ) from `u_measurements`'],
    [
      'SELECT Count(DISTINCT region) FROM measurements',
      'select count ( distinct `u_region` ) from `u_measurements`',
    ],
    [
      "select 1 from measurements where region = 'it''s'",
      "select 1 from `u_measurements` where `u_region` = 'it\\'s'",
    ],
    [
      "select 1 from measurements where region = '\\'",
      "select 1 from `u_measurements` where `u_region` = '\\\\'",
    ],
    [
      'select sum(qty) * 1.50 from measurements',
      "select sum ( `u_qty` ) * toDecimal256('1.5', 1) from `u_measurements`",
    ],
    [
      'select avg(qty) from measurements',
      'select ( sum ( `u_qty` ) / nullIf ( count ( `u_qty` ) , 0 ) ) from `u_measurements`',
    ],
    ['select 1 -- ; drop table x\nfrom /* system. */ measurements', 'select 1 from `u_measurements`'],
    ['select m.qty from measurements m', 'select `u_m` . `u_qty` from `u_measurements` `u_m`'],
    [
      'select qty::decimal(38, 4), cast(qty as text) from measurements',
      'select `u_qty` :: Decimal ( 38 , 4 ) , cast ( `u_qty` as Text ) from `u_measurements`',
    ],
    ['select day from measurements', 'select `u_day` from `u_measurements`'],
    [
      'select sum(qty) from measurements where ts > ets - interval 1 day',
      'select sum ( `u_qty` ) from `u_measurements` where `u_ts` > `u_ets` - interval 1 day',
    ],
    ['select sleep from measurements', 'select `u_sleep` from `u_measurements`'],
  ])('%s is written again from its words', (text, sql) => {
    expect(written(text)).toBe(`${START} ${sql}`);
  });

  test('brings queries of its own behind the table', () => {
    const text = 'with daily as (select sum(qty) as total from measurements) select max(total) from daily';
    expect(written(text)).toBe(
      `${START}, \`u_daily\` as ( select sum ( \`u_qty\` ) as \`u_total\` from \`u_measurements\` ) ` +
        'select max ( `u_total` ) from `u_daily`',
    );
  });
});

describe('a query is refused', () => {
  test.each([
    ['that is none', ''],
    ['that is no SELECT', 'insert into measurements values (1)'],
    ['with a second statement', 'select 1 from measurements; select 2'],
    ['with a semicolon at its end', 'select 1 from measurements;'],
    ['that reads nothing', 'select 1'],
    ['that reads a system table', 'select count() from system.tables'],
    ['that joins a system table', 'select 1 from measurements join system.tables on 1 = 1'],
    ['that reads a system table behind a comma', 'select 1 from measurements, system.tables'],
    ['that reads the table below', 'select count() from measurement'],
    ['that reads the table below as a list', 'select 1 from measurements where uid in (measurement_batch)'],
    [
      'that reads the table below behind a union',
      'select 1 from measurements union all select 1 from measurement',
    ],
    ['that reads a file', "select * from measurements, file('/etc/passwd')"],
    ['that reads a file by a name in quotes', 'select * from "file"'],
    ['that reads an address', "select * from url('http://x', CSV) cross join measurements"],
    ['that makes numbers', 'select 1 from numbers(1000000000), measurements'],
    ['that makes a table of values', "select * from values('a Int8', 1), measurements"],
    ['that waits', 'select sleep(3) from measurements'],
    ['that asks for the environment', "select getSetting('x') from measurements"],
    ['that reads a dictionary', "select dictGet('d', 'x', 1) from measurements"],
    ['that takes the clock', 'select now() from measurements'],
    ['with settings', 'select 1 from measurements settings max_execution_time = 0'],
    ['with a format', 'select 1 from measurements format JSON'],
    ['with a file to write to', "select 1 from measurements into outfile '/tmp/x'"],
    [
      'that never ends',
      'with recursive r as (select 1 union all select * from r) select * from r, measurements',
    ],
    ['with a parameter', 'select {a:String} from measurements'],
    ['with a quote that stays open', "select ' from measurements"],
    ['with a comment that stays open', 'select 1 /* from measurements'],
    ['with brackets that do not match', 'select (1 from measurements'],
    ['that closes a bracket too much', 'select 1) from measurements, (select 1'],
    ['with an escape in a name', 'select "a`b" from measurements'],
    ['with an unknown column', 'select sum(price) from measurements'],
    ['with an average over a window', 'select avg(qty) over (order by ts) from measurements'],
    ['with a NUL', "select '\0' from measurements"],
    ['that nests without end', `select ${'('.repeat(40)}1${')'.repeat(40)} from measurements`],
  ])('%s', (_, text) => {
    expect(written(text)).toMatch(/^refused: /);
  });
});

test('a field may be named as anything: its name is under a prefix', () => {
  expect(written('select 1 from measurements where uid in (measurement)')).toContain(
    'in ( `u_measurement` )',
  );
});

test('says which columns it names', () => {
  const query = customSqlFrom('select sum(qty) from measurements where account_code = region', FIELDS);
  expect('refused' in query ? null : [...query.columns]).toEqual(['qty', 'account_code', 'region']);
});
