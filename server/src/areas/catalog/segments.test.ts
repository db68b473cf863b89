import { expect, test } from 'vitest';
import { lostPricing, segmentationError, segmentKey } from './segments.ts';

test('segments are the same whatever the order of their fields', () => {
  expect(segmentKey({ region: 'eu', tier: '*' })).toBe(segmentKey({ tier: '*', region: 'eu' }));
});

test.each([
  ['nothing', [], []],
  ['one segment per value, and a wildcard', ['region'], [{ region: 'eu' }, { region: '*' }]],
  ['values that differ in case', ['region'], [{ region: 'eu' }, { region: 'EU' }]],
  [
    'all combinations',
    ['region', 'tier'],
    [
      { region: 'eu', tier: '*' },
      { tier: 'gold', region: '*' },
    ],
  ],
])('%s is in order', (_, fields, segments) => {
  expect(segmentationError(fields, segments as Record<string, string>[])).toBeNull();
});

test.each([
  ['fields without segments', ['region'], [], 'segments'],
  ['segments without fields', [], [{ region: 'eu' }], 'segmentedFields'],
  ['a field twice', ['region', 'region'], [{ region: 'eu' }], 'segmentedFields'],
  ['a segment of another field', ['region'], [{ region: 'eu' }, { person: 'a' }], 'segments[1]'],
  ['a segment with a field too many', ['region'], [{ region: 'eu', tier: 'gold' }], 'segments[0]'],
  ['a segment with a field too few', ['region', 'tier'], [{ region: 'eu' }], 'segments[0]'],
  [
    'the same segment twice',
    ['region', 'tier'],
    [
      { region: 'eu', tier: 'gold' },
      { tier: 'gold', region: 'eu' },
    ],
    'segments[1]',
  ],
])('%s is refused', (_, fields, segments, path) => {
  expect(segmentationError(fields, segments as unknown as Record<string, string>[])?.field).toBe(path);
});

const [eu, us] = [{ region: 'eu' }, { region: 'us' }];

test.each([
  ['every priced segment is there', [eu, us], [us, eu], null],
  ['a priced segment is gone', [eu, us], [eu], us],
  ['a metric without segments has become segmented', [null], [eu], null],
  ['a metric has lost its segments', [eu], [], eu],
])('%s', (_, priced, available, lost) => {
  const pricings = priced.map((segment) => ({ segment }));
  const expected = lost ?? (priced[0] === null ? null : undefined);
  expect(lostPricing(pricings, available)?.segment).toEqual(expected);
});

test('a pricing without a segment stays right while there are no segments', () => {
  expect(lostPricing([{ segment: null }], [])).toBeNull();
});
