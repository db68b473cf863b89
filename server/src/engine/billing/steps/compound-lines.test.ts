import { describe, expect, test } from 'vitest';
import {
  account,
  accountPlan,
  aggregation,
  at,
  billsOf,
  child,
  compound,
  cycle,
  facts,
  pricing,
} from '../../../../test/support/bill-facts.ts';
import {
  answerFrom,
  billText,
  calculated,
  jobs,
  lineText,
  type Measured,
} from '../../../../test/support/bill-story.ts';
import { decimal } from '../../../kernel/decimal.ts';
import { type LookupRow, lookupRowKey } from '../../expression/lookups.ts';
import { calculateBills } from '../calculate-bills.ts';
import type { AggregationFacts, BillFacts, CompoundAggregationFacts, LookupRevisionFacts } from '../facts.ts';
import { failureMessage } from '../failure-message.ts';

const MAY_10 = '2024-05-10';

/** One plan that prices the compound aggregation `mix` at 10 per unit. */
function priced(
  calculation: string,
  fields: Partial<CompoundAggregationFacts> = {},
  rows: Partial<BillFacts> = {},
): BillFacts {
  return facts({
    compoundAggregations: [compound('mix', calculation, fields)],
    aggregations: [aggregation('a'), aggregation('b')],
    pricings: [pricing('p', { compoundAggregationId: 'mix' }, [[0, 0, 10]])],
    ...rows,
  });
}

function lines(given: BillFacts, measured: readonly Measured[]): readonly string[] {
  const [bill] = calculated(given, measured).bills;
  return (bill?.lines ?? []).map((line) => `${line.quantity} ${line.units} ${line.subtotal.toFixed(2)}`);
}

function segmented(id: string, values: readonly string[]): AggregationFacts {
  const row = aggregation(id);
  const segments = values.map((region) => ({ region }));
  return { ...row, definition: { ...row.definition, segmentedFields: ['region'], segments } };
}

// Spec 20 §19.3: 2,450 calls are 3 units of 1,000 when priced alone, but count as 2,450 here.
// 2,450 − 500 × 4 seats = 450; 450 / 100 = 4.5, up to 5 units at 10 = 50.
test('is calculated from base values and makes its own units', () => {
  const seats = aggregation('seats');
  const given = priced(
    'Math.max(0, aggregation.calls - 500*aggregation.seats)',
    { name: 'Calls beyond seats', quantityPerUnit: decimal(100), rounding: 'UP', unit: 'pack' },
    {
      aggregations: [
        aggregation('calls', { quantityPerUnit: decimal(1000), rounding: 'UP' }),
        { ...seats, definition: { ...seats.definition, method: 'MAX' } },
      ],
    },
  );
  const { bills } = calculated(given, [
    { at: '2024-05-03', value: 2000 },
    { at: '2024-05-09', value: 450 },
    { at: '2024-05-03', of: 'seats', value: 4 },
    { at: '2024-05-09', of: 'seats', value: 2 },
  ]);
  expect(bills[0]?.lines).toHaveLength(1);
  expect(bills[0]?.lines[0]).toMatchObject({
    description: 'Calls beyond seats',
    quantity: decimal(450),
    units: decimal(5),
    unit: 'pack',
    subtotal: decimal(50),
    aggregationId: null,
    compoundAggregationId: 'mix',
    meterId: null,
    accountingProductId: 'core',
  });
});

// Spec 20 §12.2: a = 7, nothing measured for b; 7 units at 10 = 70.
describe('aggregations without data', () => {
  const sum = 'aggregation.a + aggregation.b';
  const guarded = 'aggregation.a + isnull(aggregation.b, 0)';
  test.each<[string, number | null, boolean, readonly string[]]>([
    [sum, null, false, []],
    [sum, null, true, []],
    [sum, 0, false, ['7 7 70.00']],
    [sum, 0, true, ['7 7 70.00']],
    [guarded, null, true, ['7 7 70.00']],
    [guarded, null, false, []],
  ])('%s with default %s and the flag %s', (calculation, value, evaluateNullAggregations, expected) => {
    const defaultValue = value === null ? null : decimal(value);
    const aggregations = [aggregation('a'), aggregation('b', { defaultValue })];
    const given = priced(calculation, { evaluateNullAggregations }, { aggregations });
    expect(lines(given, [{ at: MAY_10, of: 'a', value: 7 }])).toEqual(expected);
  });
});

describe('the value', () => {
  const measured: readonly Measured[] = [{ at: MAY_10, of: 'a', value: 7 }];
  test.each([
    // May has 31 days; nothing has to be measured.
    ['billingPeriod.days', '31 31 310.00'],
    ['a > 5', '1 1 10.00'],
    ['0 - a', '-7 0 0.00'],
  ])('of %s is billed as %s', (calculation, expected) => {
    expect(lines(priced(calculation), measured)).toEqual([expected]);
  });

  // Each rate is 1 at organization level; 7 × 2 × 3 × 1, since an own value of an aggregation does not count.
  test('uses the custom fields of the entities of the line', () => {
    const rate = { rate: decimal(1) };
    const given = priced(
      'a * customFields.account.rate * customFields.plan.rate * customFields.aggregation.rate',
      {},
      {
        customFields: {
          defaults: { account: rate, plan: rate, aggregation: rate },
          own: new Map([
            ['acme', { rate: decimal(2) }],
            ['pro', { rate: decimal(3) }],
            ['a', { rate: decimal(5) }],
          ]),
        },
      },
    );
    expect(lines(given, measured)).toEqual(['42 42 420.00']);
  });

  const LOOKUP = 'a * Lookup.findNumber("fx", "rate", 2, customFields.account.cur)';
  const CURRENCIES: BillFacts['customFields'] = {
    defaults: { account: { cur: 'EUR' } },
    own: new Map([['acme', { cur: 'GBP' }]]),
  };
  const REVISION: LookupRevisionFacts = {
    revisionId: 'revision',
    keys: ['cur'],
    fields: [
      { name: 'cur', type: 'STRING' },
      { name: 'rate', type: 'NUMBER' },
    ],
  };

  // 7 × 3 with a row for GBP, else 7 × 2.
  test.each<[string, LookupRevisionFacts | null, LookupRow | null, string]>([
    ['the row with that key', REVISION, { cur: 'GBP', rate: decimal(3) }, '21 21 210.00'],
    ['the default without such a row', REVISION, null, '14 14 140.00'],
    ['the default without a published revision', null, null, '14 14 140.00'],
  ])('looks up %s', (_, revision, row, expected) => {
    const lookupTables = new Map([['fx', revision]]);
    const lookupRows = new Map([['fx', new Map([[lookupRowKey(['GBP']), row]])]]);
    const given = priced(LOOKUP, {}, { customFields: CURRENCIES, lookupTables, lookupRows });
    expect(lines(given, measured)).toEqual([expected]);
  });

  test('waits for the rows that it looks up', () => {
    const given = priced(LOOKUP, {}, { customFields: CURRENCIES, lookupTables: new Map([['fx', REVISION]]) });
    const first = calculateBills(given, new Map());
    const queries = first.kind === 'needs' ? first.queries : [];
    const answers = new Map(queries.map((query) => [query.key, answerFrom(measured, query)]));
    const lookups = [{ table: 'fx', key: ['GBP'] }];
    expect(calculateBills(given, answers)).toEqual({ kind: 'needs', queries: [], lookups });
  });

  test('that names a table that does not exist fails the bill with a reason', () => {
    const { failed } = calculated(priced(LOOKUP, {}, { customFields: CURRENCIES }), measured);
    expect(failed.map(({ failure }) => failureMessage(failure))).toEqual([
      'compound aggregation "mix" cannot be calculated: there is no lookup table "fx" at character 5',
    ]);
  });

  test('that cannot be calculated fails the bill with a reason', () => {
    const { bills, failed } = calculated(priced('"many"', { name: 'Mix' }), measured);
    expect(bills).toEqual([]);
    expect(failed.map(({ failure }) => failureMessage(failure))).toEqual([
      'compound aggregation "Mix" cannot be calculated: ' +
        'the calculation must give a number, not a text or a DateTime',
    ]);
  });
});

describe('segments', () => {
  const measured: readonly Measured[] = [
    { at: MAY_10, of: 'a', value: 3, segment: { region: 'eu' } },
    { at: MAY_10, of: 'a', value: 4, segment: { region: 'us' } },
    { at: MAY_10, of: 'b', value: 10 },
  ];
  const perRegion = ['eu', 'us'].map((region) =>
    pricing(`p-${region}`, { compoundAggregationId: 'mix', segment: { region } }),
  );

  // eu 3 + 10, us 4 + 10: the plain value of b counts for each.
  test('of the only segmented aggregation are evaluated one by one', () => {
    const given = priced(
      'a + b',
      {},
      { aggregations: [segmented('a', ['eu', 'us']), aggregation('b')], pricings: perRegion },
    );
    expect(calculated(given, measured).bills.flatMap(billText)).toEqual([
      'USAGE 2024-05-01..2024-06-01 mix (eu): 13.00 USD',
      'USAGE 2024-05-01..2024-06-01 mix (us): 14.00 USD',
      'TOTAL 27.00 USD',
    ]);
  });

  // The store answers a merged question with one value without a segment: 8 of a, 10 of b.
  test('that are not shared are merged', () => {
    const aggregations = [segmented('a', ['eu']), segmented('b', ['us'])];
    const merged: readonly Measured[] = [
      { at: MAY_10, of: 'a', value: 8 },
      { at: MAY_10, of: 'b', value: 10 },
    ];
    expect(lines(priced('a + b', {}, { aggregations }), merged)).toEqual(['18 18 180.00']);
  });
});

// The parent has 6, the child 2: 2 × 8 = 16 units at 10 = 160, shared 12 : 4 = 120 and 40.
test('a pooled block is shared by the value of each account', () => {
  const given = priced('2 * a', {}, { accounts: [account('acme'), child('kid', 'acme')] });
  const { bills } = calculated(given, [
    { at: MAY_10, of: 'a', value: 6 },
    { at: MAY_10, of: 'a', account: 'kid', value: 2 },
  ]);
  expect(bills.flatMap((bill) => bill.lines.map((line) => lineText(line)))).toEqual([
    'USAGE 2024-05-01..2024-06-01 mix: 120.00 USD',
    'USAGE 2024-05-01..2024-06-01 mix [kid]: 40.00 USD',
  ]);
});

// May has 31 units; June 30 more: 61 in all, of which 11 lie above 50 at 1 per unit, the rest is free.
test('tiers that span the plan use the billing period of each earlier window', () => {
  const bands = [
    [0, 0, 0],
    [50, 0, 1],
  ] as const;
  const given = priced(
    'billingPeriod.days',
    {},
    {
      accountPlans: [accountPlan('ap', { startDate: at('2024-05-01') })],
      planTemplates: [cycle('monthly', 'MONTHLY')],
      pricings: [pricing('p', { compoundAggregationId: 'mix', tiersSpanPlan: true }, bands)],
    },
  );
  const [, june] = jobs(given, [billsOf('2024-06-01'), billsOf('2024-07-01')]);
  expect((june ?? []).flatMap(billText)).toEqual([
    'USAGE 2024-06-01..2024-07-01 mix: 11.00 USD',
    'TOTAL 11.00 USD',
  ]);
});

test('a minimum spend of the pricing names the compound aggregation', () => {
  const given = priced(
    'a',
    {},
    { pricings: [pricing('p', { compoundAggregationId: 'mix', minimumSpend: decimal(25) })] },
  );
  const { bills } = calculated(given, [{ at: MAY_10, of: 'a', value: 7 }]);
  expect(
    bills[0]?.lines.map((line) => [line.lineItemType, line.compoundAggregationId, `${line.subtotal}`]),
  ).toEqual([
    ['USAGE', 'mix', '7'],
    ['MINIMUM_SPEND', 'mix', '18'],
  ]);
});
