import { expect, test } from 'vitest';
import { segmentOf, segmentOrder } from './segment-match.ts';

const segmentedFields = ['region', 'tier'];
const segments = [
  { region: '*', tier: '*' },
  { region: '*', tier: 'gold' },
  { region: 'eu', tier: '*' },
  { region: 'eu', tier: 'gold' },
];

test.each([
  { region: 'eu', tier: 'gold', segment: 'eu/gold' },
  { region: 'eu', tier: 'silver', segment: 'eu/*' },
  { region: 'us', tier: 'gold', segment: '*/gold' },
  { region: 'us', tier: 'silver', segment: '*/*' },
  { region: 'EU', tier: 'gold', segment: '*/gold' },
  { region: undefined, tier: 'gold', segment: '*/gold' },
  { region: undefined, tier: undefined, segment: '*/*' },
])('($region, $tier) belongs to $segment', ({ region, tier, segment }) => {
  const found = segmentOf({ segmentedFields, segments }, valuesOf({ region, tier }));
  expect(found && `${found['region']}/${found['tier']}`).toBe(segment);
});

test('on equal wildcards the earlier segmented field decides for the exact value', () => {
  const both = [
    { region: '*', tier: 'gold' },
    { region: 'eu', tier: '*' },
  ];
  const values = valuesOf({ region: 'eu', tier: 'gold' });
  expect(segmentOf({ segmentedFields, segments: both }, values)).toEqual({ region: 'eu', tier: '*' });
  const turned = { segmentedFields: ['tier', 'region'], segments: both };
  expect(segmentOf(turned, values)).toEqual({ region: '*', tier: 'gold' });
});

test('a measurement without matching segment belongs to none', () => {
  const exact = { segmentedFields, segments: [{ region: 'eu', tier: 'gold' }] };
  expect(segmentOf(exact, valuesOf({ region: 'eu', tier: 'silver' }))).toBeNull();
  expect(segmentOf(exact, valuesOf({ region: 'eu', tier: undefined }))).toBeNull();
});

test('the order puts the segment with fewer wildcards first and keeps equals as they were', () => {
  const many = [...segments, { region: 'us', tier: 'gold' }];
  const names = segmentOrder(segmentedFields, many).map(
    (segment) => `${segment['region']}/${segment['tier']}`,
  );
  expect(names).toEqual(['eu/gold', 'us/gold', 'eu/*', '*/gold', '*/*']);
});

function valuesOf(values: Record<string, string | undefined>): Map<string, string> {
  return new Map(
    Object.entries(values).flatMap(([code, value]) => (value === undefined ? [] : [[code, value]])),
  );
}
