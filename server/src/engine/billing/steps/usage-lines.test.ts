import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  aggregation,
  at,
  type BandRow,
  billsOf,
  contract,
  day,
  facts,
  pricing,
  template,
} from '../../../../test/support/bill-facts.ts';
import { billText, calculated, jobs, type Measured } from '../../../../test/support/bill-story.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { AggregationFacts, BillFacts, PricingFacts } from '../facts.ts';

/** Lines of the May bill as `quantity units amount`. */
function lines(rows: Partial<BillFacts>, measured: readonly Measured[]): readonly string[] {
  const [bill] = calculated(facts(rows), measured).bills;
  return (bill?.lines ?? []).map((line) => `${line.quantity} ${line.units} ${line.subtotal.toFixed(2)}`);
}

const MAY_10 = '2024-05-10';

describe('quantity to units to amount', () => {
  const rows: readonly [string, Partial<AggregationFacts>, readonly Measured[], readonly string[]][] = [
    ['nothing measured gives no line', {}, [], []],
    ['a measured 0 gives a line of 0', {}, [{ at: MAY_10, value: 0 }], ['0 0 0.00']],
    ['a default value stands for nothing measured', { defaultValue: decimal(7) }, [], ['7 7 7.00']],
    ['a negative quantity is 0 units', {}, [{ at: MAY_10, value: -5 }], ['-5 0 0.00']],
    // 1,030 / 250 = 4.12, up to 5 units at 1.00
    [
      'packs are rounded up',
      { quantityPerUnit: decimal(250), rounding: 'UP' },
      [{ at: MAY_10, value: 1030 }],
      ['1030 5 5.00'],
    ],
    [
      'the end of the period does not belong to it',
      {},
      [
        { at: '2024-05-01', value: 1 },
        { at: '2024-05-31T23:59:59.999Z', value: 2 },
        { at: '2024-06-01', value: 4 },
      ],
      ['3 3 3.00'],
    ],
  ];

  test.each(rows)('%s', (_name, metric, measured, expected) => {
    const given = { aggregations: [aggregation('calls', metric)], pricings: [pricing('p')] };
    expect(lines(given, measured)).toEqual(expected);
  });
});

describe('rating windows', () => {
  const measured: readonly Measured[] = [
    { at: '2024-05-05', value: 10 },
    { at: '2024-05-20', value: 100 },
  ];
  const rows: readonly [string, readonly PricingFacts[], readonly string[]][] = [
    [
      'a new price begins a new window',
      [
        pricing('old', { endDate: at('2024-05-16') }, [[0, 0, 1]]),
        pricing('new', { startDate: at('2024-05-16') }, [[0, 0, 2]]),
      ],
      ['10 10 10.00', '100 100 200.00'],
    ],
    [
      'time before the pricing is not charged',
      [pricing('late', { startDate: at('2024-05-16') })],
      ['100 100 100.00'],
    ],
    [
      'the price of the template shows through where the plan has none',
      [
        pricing('own', { endDate: at('2024-05-16') }, [[0, 0, 3]]),
        pricing('shared', { planTemplateId: 'monthly' }, [[0, 0, 1]]),
      ],
      ['10 10 30.00', '100 100 100.00'],
    ],
  ];

  test.each(rows)('%s', (_name, pricings, expected) => {
    expect(lines({ pricings }, measured)).toEqual(expected);
  });

  test('usage before and after the attachment is left out, a contract with limits cuts further', () => {
    const given = {
      pricings: [pricing('p')],
      accountPlans: [accountPlan('ap', { startDate: at('2024-05-04'), contractId: 'c' })],
    };
    const cut = contract('c', { startDate: at('2024-05-06').toZonedDateTimeISO('UTC').toPlainDate() });
    expect(lines({ ...given, contracts: [cut] }, measured)).toEqual(['110 110 110.00']);
    expect(lines({ ...given, contracts: [{ ...cut, applyContractPeriodLimits: true }] }, measured)).toEqual([
      '100 100 100.00',
    ]);
  });
});

describe('tiers that span the plan (spec 30 §8)', () => {
  const tiers: readonly BandRow[] = [
    [0, 0, 1],
    [100, 0, '0.5'],
  ];
  const measured = [
    { at: '2024-05-10', value: 60 },
    { at: '2024-06-10', value: 70 },
    { at: '2024-07-10', value: 80 },
  ];
  const months = ['2024-06-01', '2024-07-01', '2024-08-01'].map((date) => billsOf(date));

  test.each([
    // 60 × 1; 40 × 1 + 30 × 0.5 = 55; 80 × 0.5 = 40
    ['spanning', true, ['60.00', '55.00', '40.00']],
    ['reset each period', false, ['60.00', '70.00', '80.00']],
  ])('%s', (_name, tiersSpanPlan, totals) => {
    const given = facts({ pricings: [pricing('p', { tiersSpanPlan }, tiers)] });
    const made = jobs(given, months, measured).map(([bill]) => bill?.billTotal.toFixed(2));
    expect(made).toEqual(totals);
  });

  test('moved bill dates lose no earlier units', () => {
    // The bill of 15 June covers 1 to 14 June: 130 units before it, so 80 × 0.5
    const given = facts({ pricings: [pricing('p', { tiersSpanPlan: true }, tiers)] });
    const moved = { accountPlans: [accountPlan('ap', { billEpoch: day('2024-01-15') })] };
    const usage = [
      { at: '2024-05-10', value: 60 },
      { at: '2024-06-20', value: 70 },
      { at: '2024-07-05', value: 80 },
    ];
    const targets = [...months.slice(0, 2), [billsOf('2024-07-15'), moved]] as const;
    const made = jobs(given, targets, usage).map(([bill]) => bill?.billTotal.toFixed(2));
    expect(made).toEqual(['60.00', '55.00', '40.00']);
  });

  test('another frequency loses no earlier units', () => {
    // The bill of Tuesday 4 June covers 1 to 3 June: 130 units before it, so 80 × 0.5
    const given = facts({ pricings: [pricing('p', { tiersSpanPlan: true }, tiers)] });
    const weekly = { planTemplates: [template('monthly', { billFrequency: 'WEEKLY' })] };
    const usage = [
      { at: '2024-05-10', value: 60 },
      { at: '2024-05-31', value: 70 },
      { at: '2024-06-02', value: 80 },
    ];
    const targets = [
      billsOf('2024-06-01'),
      [billsOf('2024-06-04', { billingFrequency: 'WEEKLY' }), weekly],
    ] as const;
    const made = jobs(given, targets, usage).map(([bill]) => bill?.billTotal.toFixed(2));
    // 100 × 1 + 30 × 0.5 = 115
    expect(made).toEqual(['115.00', '40.00']);
  });

  test('time that no bill covers counts by the calendar', () => {
    // Packs of 100: the 60 of May (billed), 20 of June and 30 of July (no bills) are 1 unit each
    const given = facts({
      aggregations: [aggregation('calls', { quantityPerUnit: decimal(100), rounding: 'UP' })],
      pricings: [pricing('p', { tiersSpanPlan: true }, [[0, 0, 1]])],
    });
    const [, august] = jobs(
      given,
      [billsOf('2024-06-01'), billsOf('2024-09-01')],
      [
        ...measured.slice(0, 1),
        { at: '2024-06-10', value: 20 },
        { at: '2024-07-10', value: 30 },
        { at: '2024-08-10', value: 40 },
      ],
    );
    expect(august?.[0]?.lines.map((line) => `${line.units} ${line.reason.earlierUnits}`)).toEqual(['1 3']);
  });

  test('a new version of the pricing goes on counting, within a period too', () => {
    // May: 60 × 1 = 60. June: 10 of version a (60 -> 70) = 10, then 60 of version b (70 -> 130): 30 × 1 + 30
    // × 0.5 = 45
    const pricings = [
      pricing('a', { tiersSpanPlan: true, endDate: at('2024-06-10') }, tiers),
      pricing('b', { tiersSpanPlan: true, startDate: at('2024-06-10') }, tiers),
    ];
    const [bill] = calculated(facts({ pricings, target: billsOf('2024-07-01') }), [
      { at: '2024-05-10', value: 60 },
      { at: '2024-06-09', value: 10 },
      { at: '2024-06-11', value: 60 },
    ]).bills;
    expect(bill?.lines.map((line) => `${line.subtotal} ${line.reason.earlierUnits}`)).toEqual([
      '10 60',
      '45 70',
    ]);
  });
});

test('one line per priced segment, described by its values; unpriced segments are not charged', () => {
  const metric = aggregation('calls', { name: 'API calls' });
  const segmented = {
    ...metric,
    definition: { ...metric.definition, segmentedFields: ['region', 'tier'], segments: [] },
  };
  const pricings = [
    pricing('eu', { segment: { region: 'EU', tier: 'gold' } }),
    pricing('any', { segment: { region: 'US', tier: '*' } }, [[0, 0, 2]]),
  ];
  const measured = [
    { at: MAY_10, value: 5, segment: { region: 'EU', tier: 'gold' } },
    { at: MAY_10, value: 3, segment: { region: 'US', tier: '*' } },
    { at: MAY_10, value: 9, segment: { region: '*', tier: '*' } },
  ];
  const [bill] = calculated(facts({ aggregations: [segmented], pricings }), measured).bills;
  expect(bill && billText(bill)).toEqual([
    'USAGE 2024-05-01..2024-06-01 API calls (EU, gold): 5.00 USD',
    'USAGE 2024-05-01..2024-06-01 API calls (US, *): 6.00 USD',
    'TOTAL 11.00 USD',
  ]);
});

describe('what a usage line says', () => {
  const measured = [{ at: MAY_10, value: 333333 }];

  test('one rounding per line, the average price before it, bands unrounded', () => {
    // 333,333 × 0.000125 = 41.666625 -> 41.67
    const [bill] = calculated(facts({ pricings: [pricing('p', {}, [[0, 0, '0.000125']])] }), measured).bills;
    const line = bill?.lines[0];
    expect(line?.subtotal.toString()).toBe('41.67');
    expect(line?.averageUnitPrice.toString()).toBe('0.000125');
    expect(line?.usagePerPricingBand?.map((band) => band.bandSubtotal.toString())).toEqual(['41.666625']);
    expect(line?.sequenceNumber).toBe(1);
  });

  test.each([
    ['the product', null, null, 'core'],
    ['the aggregation before the product', null, 'by-metric', 'by-metric'],
    ['the pricing before all', 'by-pricing', 'by-metric', 'by-pricing'],
  ])('the accounting product is that of %s', (_name, ofPricing, ofMetric, expected) => {
    const given = facts({
      products: [
        { id: 'core', name: 'Core', code: 'core' },
        { id: 'by-metric', name: 'M', code: 'm' },
        { id: 'by-pricing', name: 'P', code: 'p' },
      ],
      aggregations: [aggregation('calls', { accountingProductId: ofMetric })],
      pricings: [pricing('p', { accountingProductId: ofPricing, description: 'Calls made' })],
      planTemplates: [template('monthly')],
    });
    const line = calculated(given, measured).bills[0]?.lines[0];
    expect(line).toMatchObject({
      description: 'Calls made',
      accountingProductId: expected,
      productName: 'Core',
    });
    expect(line?.accountingProductCode).toBe(expected === 'core' ? 'core' : expected.slice(3, 4));
  });
});
