import { expect, test } from 'vitest';
import { decimal } from '../../kernel/decimal.ts';
import { keptSegment, overageMustFit } from './pricing.ts';

const bands = [
  { id: null, lowerLimit: decimal(0), fixedPrice: decimal(0), unitPrice: decimal(1), creditTypeId: null },
];

test.each([
  ['without cumulative', false, false, 'need a cumulative pricing'],
  ['with tiers that span the plan', true, true, 'cannot be combined with tiersSpanPlan'],
])('overage bands %s are refused', (_, cumulative, tiersSpanPlan, message) => {
  expect(() => overageMustFit({ overagePricingBands: bands, cumulative, tiersSpanPlan })).toThrow(message);
});

test.each([
  [bands, true, false],
  [[], false, false],
  [[], true, true],
])('other overage bands are accepted', (overagePricingBands, cumulative, tiersSpanPlan) => {
  expect(() => overageMustFit({ overagePricingBands, cumulative, tiersSpanPlan })).not.toThrow();
});

test.each([
  ['a new segment is kept', { region: 'eu' }, null, { region: 'eu' }],
  ['an empty segment is none', {}, null, null],
  ['a segment left out of an update stays', null, { segment: { region: 'eu' } }, { region: 'eu' }],
  ['no segment stays none', null, { segment: null }, null],
  [
    'the order of fields does not matter',
    { b: '2', a: '1' },
    { segment: { a: '1', b: '2' } },
    { a: '1', b: '2' },
  ],
])('%s', (_, given, before, expected) => {
  expect(keptSegment(given as Record<string, string> | null, before)).toEqual(expected);
});

test.each([
  [{ region: 'us' }, { region: 'eu' }],
  [{ region: 'eu' }, null],
  [{ region: 'eu', tier: 'gold' }, { region: 'eu' }],
  [{ toString: 'x' }, { region: 'eu' }],
])('an update to another segment is refused', (given, segment) => {
  expect(() => keptSegment(given as Record<string, string>, { segment })).toThrow(
    'segment cannot be changed',
  );
});
