import { describe, expect, test } from 'vitest';
import type { CheckedUsageQuery } from './query-request.ts';
import { writtenGroups } from './written-groups.ts';

const METER = '0198a2b4-0000-7000-8000-000000000001';
const DAY = 86_400;

function query(groups: readonly object[], limit = 20_000): CheckedUsageQuery {
  const aggregations = [{ meterId: METER, fieldCode: 'calls', fieldType: 'MEASURE', function: 'SUM' }];
  const meters = new Map([[METER, { code: 'm' }]]);
  return { groups, aggregations, meters, limit } as unknown as CheckedUsageQuery;
}

function dimension(fieldCode: string) {
  return { groupType: 'DIMENSION', meterId: METER, fieldCode };
}

type Row = readonly (string | null)[];

function written(asked: CheckedUsageQuery, rows: readonly Row[], codes = new Map<string, string>()) {
  const columns = (rows[0] ?? []).map((_, i) => rows.map((row) => row[i] ?? null));
  return writtenGroups(asked, columns, codes).flatMap((row) => {
    return Object.getOwnPropertySymbols(row).map((symbol) => (row as never)[symbol] as string);
  });
}

describe('rows of a usage query', () => {
  test('come with the newest bucket first, then by account code', () => {
    const groups = [{ groupType: 'ACCOUNT' }, { groupType: 'TIME', frequency: 'DAY' }];
    const rows = [
      ['a2', '0', '1.50'],
      ['a1', String(DAY), '2'],
      ['a1', '0', '3'],
      ['a3', '0', null],
    ];
    const codes = new Map([
      ['a1', 'zeta'],
      ['a2', 'alpha'],
    ]);
    const day = (from: number) =>
      `"startDate":"1970-01-0${from}T00:00:00Z","endDate":"1970-01-0${from + 1}T00:00:00Z"`;
    expect(written(query(groups), rows, codes)).toEqual([
      `{"accountId":"a1","accountCode":"zeta",${day(2)},"m.calls.SUM":2}`,
      `{"accountId":"a3",${day(1)}}`,
      `{"accountId":"a2","accountCode":"alpha",${day(1)},"m.calls.SUM":1.5}`,
      `{"accountId":"a1","accountCode":"zeta",${day(1)},"m.calls.SUM":3}`,
    ]);
  });

  test('are one more than the limit', () => {
    const rows = Array.from({ length: 5 }, (_, n) => [`${n}`, '1']);
    expect(written(query([dimension('d')], 2), rows)).toEqual([
      '{"m.d":"0","m.calls.SUM":1}',
      '{"m.d":"1","m.calls.SUM":1}',
      '{"m.d":"2","m.calls.SUM":1}',
    ]);
  });

  test('stay in order by many dimensions of many values', () => {
    const codes = ['a', 'b', 'c', 'd', 'e'];
    const rows = Array.from({ length: 3000 }, (_, n) =>
      [7, 1, 3, 11, 13].map((step, i) => String((n * step * 7919) % (i < 2 ? 5 : 2999))).concat('1'),
    );
    const text = (row: readonly string[]) =>
      `{${codes.map((code, i) => `"m.${code}":"${row[i]}"`).join(',')},"m.calls.SUM":1}`;
    const compared = (one: readonly string[], other: readonly string[]): number => {
      const at = one.findIndex((value, i) => value !== other[i]);
      return at < 0 ? 0 : (one[at] ?? '') < (other[at] ?? '') ? -1 : 1;
    };
    const expected = rows.toSorted(compared).map(text);
    expect(written(query(codes.map(dimension)), rows)).toEqual(expected);
  });
});
