import { describe, expect, test } from 'vitest';
import type { DataField, DerivedField } from './fields.ts';
import { type MeterShape, type MeterUse, meterBreaches, productChange } from './meter-guards.ts';

const bytes: DataField = { code: 'bytes', category: 'MEASURE' };
const region: DataField = { code: 'region', category: 'WHERE' };
const user: DataField = { code: 'user', category: 'METADATA' };
const kb: DerivedField = { code: 'kb', category: 'MEASURE', calculation: 'measure.bytes / 1000' };
const before = shape([bytes, region, user], [kb]);

function shape(dataFields: DataField[], derivedFields: DerivedField[] = []): MeterShape {
  return { productId: null, dataFields, derivedFields };
}

function use(change: Partial<MeterUse>): MeterUse {
  return { label: 'traffic', method: 'SUM', targetField: 'kb', segmentedFields: [], ...change };
}

function breaches(after: MeterShape, ...uses: MeterUse[]): string[] {
  return meterBreaches(before, after, uses).map(({ field, message }) => `${field} ${message}`);
}

describe('a change breaks nothing', () => {
  test.each([
    ['when nothing changes', before, use({ segmentedFields: ['region'] })],
    ['when a field is added', shape([...before.dataFields, { code: 'new', category: 'WHO' }], [kb]), use({})],
    ['when an unused field goes', shape([bytes, region], [kb]), use({})],
    [
      'when a calculation goes with its field',
      shape([region, user]),
      use({ targetField: 'region', method: 'UNIQUE' }),
    ],
    [
      'when a number stays a number',
      shape([{ ...bytes, category: 'COST' }], [{ ...kb, calculation: '1' }]),
      use({ targetField: 'bytes' }),
    ],
    [
      'when the target becomes a derived field',
      shape([bytes], [kb, { ...kb, code: 'region' }]),
      use({ targetField: 'region' }),
    ],
    [
      'when SQL reads any category',
      shape([{ ...bytes, category: 'WHO' }]),
      use({ targetField: 'bytes', method: 'CUSTOM_SQL' }),
    ],
  ])('%s', (_, after, used) => {
    expect(breaches(after, used)).toEqual([]);
  });
});

describe('a change is refused', () => {
  test.each([
    [
      'when the target goes',
      shape([bytes]),
      use({}),
      ['dataFields must keep "kb", which is the target of traffic'],
    ],
    [
      'when a segmented field goes',
      shape([bytes], [kb]),
      use({ segmentedFields: ['region'] }),
      ['dataFields must keep "region", which is a segmented field of traffic'],
    ],
    [
      'when a summed field becomes text',
      shape([bytes], [{ ...kb, category: 'WHO' }]),
      use({}),
      ['derivedFields[0].category of "kb" cannot become WHO: it does not fit SUM of traffic'],
    ],
    [
      'when a counted text becomes a number',
      shape([bytes, { ...region, category: 'COST' }]),
      use({ targetField: 'region', method: 'UNIQUE' }),
      ['dataFields[1].category of "region" cannot become COST: it does not fit UNIQUE of traffic'],
    ],
    [
      'when a segmented field becomes METADATA',
      shape([bytes, { ...region, category: 'METADATA' }], [kb]),
      use({ segmentedFields: ['region'] }),
      ['dataFields[1].category of "region" cannot become METADATA: it does not fit the segments of traffic'],
    ],
    [
      'when a calculation that stays names the field',
      shape([region], [kb]),
      use({ targetField: 'region', method: 'UNIQUE' }),
      ['dataFields must keep "bytes", which is named by the calculation of "kb"'],
    ],
    [
      'when a calculation that stays looks the field up',
      shape([bytes], [{ ...kb, calculation: 'Lookup.findNumber("fx", "rate", 1, "region")' }]),
      use({}),
      ['dataFields must keep "region", which is named by the calculation of "kb"'],
    ],
  ])('%s', (_, after, used, expected) => {
    expect(breaches(after, used)).toEqual(expected);
  });
});

test.each([
  [null, null, 'none'],
  ['p1', 'p1', 'none'],
  ['p1', null, 'becomesGlobal'],
  [null, 'p1', 'refused'],
  ['p1', 'p2', 'refused'],
])('from product %s to %s: %s', (from, to, change) => {
  expect(productChange(from, to)).toBe(change);
});
