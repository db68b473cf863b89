import { expect, test } from 'vitest';
import { codesParameter, idsParameter } from './filters.ts';

test.each([
  ['a', ['a']],
  ['a,b', ['a', 'b', 'a,b']],
  [
    ['a', 'b'],
    ['a', 'b'],
  ],
  [
    ['a,b', 'c'],
    ['a', 'b', 'c'],
  ],
  [',a', ['a', ',a']],
])('codes given as %j are looked for as %j', (given, codes) => {
  expect(codesParameter().parse(given)).toEqual(codes);
});

test('a list of 200 codes is taken and one of 201 refused, whatever may be one code', () => {
  const list = (length: number) => Array.from({ length }, (_, i) => `c${i}`).join(',');
  expect(codesParameter().safeParse(list(200)).success).toBe(true);
  expect(codesParameter().safeParse(list(201)).success).toBe(false);
});

test('ids are UUIDs, in parts and never as a whole', () => {
  const id = '01a1ff18-dbd3-7000-878f-3301bf967ed8';
  expect(idsParameter().parse(`${id},${id.toUpperCase()}`)).toEqual([id, id]);
  expect(idsParameter().safeParse(`${id},x`).success).toBe(false);
});
