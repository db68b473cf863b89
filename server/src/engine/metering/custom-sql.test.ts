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
    [
      "select qty::numeric, cast('1' as decimal), 1::integer, region::timestamp from measurements",
      "select `u_qty` :: Decimal(76, 34) , cast ( '1' as Decimal(76, 34) ) , 1 :: Int64 , " +
        "`u_region` :: DateTime64(3, 'UTC') from `u_measurements`",
    ],
    [
      'select avg(qty) filter (where qty > 1) over (order by ts) from measurements',
      'select ( sum ( `u_qty` ) filter ( where `u_qty` > 1 ) over ( order by `u_ts` ) / nullIf ( ' +
        'count ( `u_qty` ) filter ( where `u_qty` > 1 ) over ( order by `u_ts` ) , 0 ) ) ' +
        'from `u_measurements`',
    ],
    [
      'select lag(ts, 2) over (order by ts) from measurements',
      'select lag ( toNullable ( `u_ts` ) , 2 ) over ( order by `u_ts` ) from `u_measurements`',
    ],
    [
      'select power(qty, 2) from measurements',
      'select multiplyDecimal ( toDecimal256 ( `u_qty` , 34 ) , toDecimal256 ( `u_qty` , 34 ) , 34 ) ' +
        'from `u_measurements`',
    ],
    [
      "select 1 from measurements where ts > timestamp '2024-01-01 10:00' and ets < date '2024''02'",
      'select 1 from `u_measurements` where `u_ts` > ' +
        "parseDateTime64BestEffort('2024-01-01 10:00', 3, 'UTC') and `u_ets` < " +
        "toDate32(parseDateTime64BestEffort('2024\\'02', 3, 'UTC'))",
    ],
    [
      'select qty from measurements except (select 1 from measurements) ' +
        'intersect all select 2 from measurements',
      'select `u_qty` from `u_measurements` except distinct ( select 1 from `u_measurements` ) ' +
        'intersect all select 2 from `u_measurements`',
    ],
    [
      'select 1 from measurements union select 2 from measurements',
      'select 1 from `u_measurements` union distinct select 2 from `u_measurements`',
    ],
    [
      'select qty from measurements offset 2 rows fetch next 3 rows only',
      'select `u_qty` from `u_measurements` limit 3 offset 2',
    ],
    ['select qty from measurements fetch first row only', 'select `u_qty` from `u_measurements` limit 1'],
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
    ['that leaves out columns', 'select * except (qty) from measurements'],
    ['that leaves out columns by a name', 'select * except qty from measurements'],
    [
      'that reads a system table behind except',
      'select 1 from measurements except select 1 from system.tables',
    ],
    ['that reads from an address in a part', "select extract(day from url('http://x')) from measurements"],
    ['that reads from a name in a part', 'select extract(day from measurement_batch) from measurements'],
    ['that reads from a column', 'select day from qty, measurements'],
    ['that fetches without an end', 'select 1 from measurements fetch first 3 rows'],
    ['that fetches ties', 'select 1 from measurements order by ts fetch first 3 rows with ties'],
    ['with a fraction as exponent', 'select power(qty, 0.5) from measurements'],
    ['with a field as exponent', 'select power(2, qty) from measurements'],
    ['with a power without end', 'select power(qty, 9) from measurements'],
    ['with a text that is no literal', "select array '1' from measurements"],
    [
      'with calls that repeat one another',
      `select ${'avg('.repeat(20)}qty${')'.repeat(20)} from measurements`,
    ],
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
