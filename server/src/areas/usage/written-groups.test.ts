import { describe, expect, test } from 'vitest';
import type { CheckedUsageQuery } from './query-request.ts';
import { writtenGroups } from './written-groups.ts';

const METER = '0198a2b4-0000-7000-8000-000000000001';
const DAY = 86_400;
const SUM = { meterId: METER, fieldCode: 'calls', fieldType: 'MEASURE', function: 'SUM' };

function query(groups: readonly object[], limit = 20_000, aggregations = [SUM]): CheckedUsageQuery {
  const meters = new Map([[METER, { code: 'm' }]]);
  return { groups, aggregations, meters, limit } as unknown as CheckedUsageQuery;
}

function dimension(fieldCode: string) {
  return { groupType: 'DIMENSION', meterId: METER, fieldCode };
}

/** A row as ClickHouse answers it: each cell is JSON text. */
type Row = readonly string[];

async function written(asked: CheckedUsageQuery, rows: readonly Row[], codes: [string, string][] = []) {
  const bytes = await writtenGroups(asked, rows.flat(), async () => new Map(codes));
  return bytes.toString();
}

function answer(rows: readonly string[], hasMoreData = false): string {
  return `{"data":[${rows.join(',')}],"hasMoreData":${hasMoreData}}`;
}

describe('rows of a usage query', () => {
  test('come with the newest bucket first, then by account code', async () => {
    const groups = [{ groupType: 'ACCOUNT' }, { groupType: 'TIME', frequency: 'DAY' }];
    const rows = [
      ['"a2"', '0', '1.5'],
      ['"a1"', String(DAY), '2'],
      ['"a1"', '0', '3'],
      ['"a3"', '0', 'null'],
    ];
    const day = (from: number) =>
      `"startDate":"1970-01-0${from}T00:00:00Z","endDate":"1970-01-0${from + 1}T00:00:00Z"`;
    const codes: [string, string][] = [
      ['a1', 'zeta'],
      ['a2', 'al"pha'],
    ];
    expect(await written(query(groups), rows, codes)).toBe(
      answer([
        `{"accountId":"a1","accountCode":"zeta",${day(2)},"m.calls.SUM":2}`,
        `{"accountId":"a3",${day(1)}}`,
        `{"accountId":"a2","accountCode":"al\\"pha",${day(1)},"m.calls.SUM":1.5}`,
        `{"accountId":"a1","accountCode":"zeta",${day(1)},"m.calls.SUM":3}`,
      ]),
    );
  });

  test('are as many as the limit, and it is said that there are more', async () => {
    const rows = Array.from({ length: 3 }, (_, n) => [`"${n}"`, '1']);
    const texts = rows.map(([value]) => `{"m.d":${value},"m.calls.SUM":1}`);
    expect(await written(query([dimension('d')], 2), rows)).toBe(answer(texts.slice(0, 2), true));
    expect(await written(query([dimension('d')], 3), rows)).toBe(answer(texts));
    expect(await written(query([dimension('d')]), [])).toBe(answer([]));
  });

  test('have no property without a value', async () => {
    const asked = query([dimension('one'), dimension('two')]);
    const rows = [
      ['null', 'null', 'null'],
      ['null', '"x"', 'null'],
      ['"x"', 'null', '7'],
    ];
    expect(await written(asked, rows)).toBe(answer(['{}', '{"m.two":"x"}', '{"m.one":"x","m.calls.SUM":7}']));
    expect(await written(query([]), [['null']])).toBe(answer(['{}']));
  });

  test('have each property once', async () => {
    const asked = query([dimension('d'), dimension('e'), dimension('d')], 9, [SUM, SUM]);
    expect(await written(asked, [['"x"', '"y"', '"x"', '1', '1']])).toBe(
      answer(['{"m.d":"x","m.e":"y","m.calls.SUM":1}']),
    );
  });

  test('keep all digits, also of a mean', async () => {
    const digits = '12345678901234567890.1234567890123456789';
    const asked = query([], 9, [SUM, { ...SUM, function: 'MEAN' }]);
    expect(await written(asked, [[digits, '"2/3"']])).toBe(
      answer([`{"m.calls.SUM":${digits},"m.calls.MEAN":0.6666666666666666666666666666666667}`]),
    );
  });

  test('stay in order by many dimensions of many values', async () => {
    const codes = ['a', 'b', 'c', 'd', 'e'];
    const rows = Array.from({ length: 3000 }, (_, n) =>
      [7, 1, 3, 11, 13].map((step, i) => `"${(n * step * 7919) % (i < 2 ? 5 : 2999)}"`).concat('1'),
    );
    const text = (row: Row) =>
      `{${codes.map((code, i) => `"m.${code}":${row[i]}`).join(',')},"m.calls.SUM":1}`;
    const compared = (one: Row, other: Row): number => {
      const at = one.findIndex((value, i) => value !== other[i]);
      return at < 0 ? 0 : String(one[at]).slice(0, -1) < String(other[at]).slice(0, -1) ? -1 : 1;
    };
    expect(await written(query(codes.map(dimension)), rows)).toBe(answer(rows.toSorted(compared).map(text)));
  });
});
