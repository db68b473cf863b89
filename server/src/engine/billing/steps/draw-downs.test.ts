import { describe, expect, test } from 'vitest';
import { afterBills, balance } from '../../../../test/support/balance-facts.ts';
import {
  account,
  accountPlan,
  aggregation,
  at,
  billsOf,
  child,
  contract,
  counterPricing,
  cycle,
  facts,
  organization,
  plan,
  pricing,
  template,
} from '../../../../test/support/bill-facts.ts';
import { calculated, lineText, type Measured } from '../../../../test/support/bill-story.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { DraftBill } from '../bill.ts';
import type { BillFacts } from '../facts.ts';

const MAY = '2024-06-01';
const usage = (amount: number, date = '2024-05-10', of = 'acme'): Measured => ({
  account: of,
  at: date,
  value: amount,
});

/** One unit costs 1.00 USD; the bills of May 2024 unless the rows say otherwise. */
function priced(rows: Partial<BillFacts> = {}): BillFacts {
  return facts({ pricings: [pricing('price')], ...rows });
}

/** What the balances pay on each bill, and its total. */
function paid(bills: readonly DraftBill[]): readonly string[] {
  return bills.flatMap((bill) => [
    ...bill.lines
      .filter((line) => line.lineItemType === 'BALANCE_CONSUMED')
      .map((line) => lineText(line, bill.timezone).replace('BALANCE_CONSUMED ', '')),
    `TOTAL ${bill.billTotal.toFixed(2)}`,
  ]);
}

function paidOf(given: BillFacts, measured: readonly Measured[]): readonly string[] {
  return paid(calculated(given, measured).bills);
}

test.each([
  // funds, usage, what is paid
  [500, 117, ['2024-05-01..2024-06-01 wallet: -117.00 USD', 'TOTAL 0.00']],
  [100, 117, ['2024-05-01..2024-06-01 wallet: -100.00 USD', 'TOTAL 17.00']],
  [0, 117, ['TOTAL 117.00']],
  [-5, 117, ['TOTAL 117.00']],
  [500, 0, ['TOTAL 0.00']],
])('a balance of %s pays of %s at most what both allow', (funds, amount, expected) => {
  expect(paidOf(priced({ balances: [balance('wallet', funds)] }), [usage(amount)])).toEqual(expected);
});

test('the charge keeps its amount, and the line names balance, product and texts', () => {
  const wallet = balance('wallet', 20, {
    balanceDrawDownDescription: 'Welcome credit used',
    consumptionsAccountingProductId: 'books',
    productIds: ['core'],
    contractId: 'terms',
  });
  const given = priced({
    balances: [wallet],
    contracts: [contract('terms')],
    accountPlans: [accountPlan('ap', { contractId: 'terms' })],
    products: [
      { id: 'core', name: 'Core', code: 'core' },
      { id: 'books', name: 'Books', code: 'books' },
    ],
  });
  const [bill] = calculated(given, [usage(50)]).bills;
  expect(bill?.lines.map((line) => `${line.lineItemType} ${line.subtotal}`)).toEqual([
    'USAGE 50',
    'BALANCE_CONSUMED -20',
  ]);
  expect(bill?.lines[1]).toMatchObject({
    description: 'Welcome credit used',
    balanceId: 'wallet',
    contractId: 'terms',
    productId: 'core',
    productName: 'Core',
    accountingProductId: 'books',
    accountingProductName: 'Books',
    unit: '',
  });
  expect(bill?.draws.map(({ creditId, phase, amount }) => `${creditId} ${phase} ${amount}`)).toEqual([
    'wallet BASE 20',
  ]);
});

describe('what a balance pays for', () => {
  const charged = (balances: BillFacts['balances']) =>
    priced({
      balances,
      planTemplates: [template('monthly', { standingCharge: decimal(10), minimumSpend: decimal(40) })],
    });

  // Usage 20, standing charge 10, which does not count towards the minimum: 40 - 20 = 20.
  test.each([
    [{}, 'TOTAL 0.00'],
    [{ lineItemTypes: ['USAGE'] }, 'TOTAL 30.00'],
    [{ lineItemTypes: ['STANDING_CHARGE', 'MINIMUM_SPEND'] }, 'TOTAL 20.00'],
    [{ lineItemTypes: ['COUNTER_RUNNING_TOTAL_CHARGE'] }, 'TOTAL 50.00'],
    [{ productIds: ['core'] }, 'TOTAL 0.00'],
    [{ productIds: ['other'] }, 'TOTAL 50.00'],
    [{ contractId: 'terms' }, 'TOTAL 50.00'],
    [{ endDate: at('2024-05-01') }, 'TOTAL 50.00'],
    [{ startDate: at('2024-06-01') }, 'TOTAL 50.00'],
  ])('a balance with %j leaves %s', (fields, total) => {
    const given = charged([balance('wallet', 100, fields)]);
    expect(paidOf(given, [usage(20)]).at(-1)).toBe(total);
  });

  test('counters are paid, and credits for counters are not', () => {
    const row = counterPricing('seat', { proRateRunningTotal: false }, [[0, 0, 5]]);
    const given = facts({
      balances: [balance('wallet', 100)],
      counterPricings: [{ ...row, runningTotalBillInAdvance: false, proRateAdjustmentCredit: false }],
      counterAdjustments: [
        {
          id: 'a',
          accountId: 'acme',
          counterId: 'seats',
          date: at('2024-04-01').toZonedDateTimeISO('UTC').toPlainDate(),
          value: decimal(8),
        },
        {
          id: 'b',
          accountId: 'acme',
          counterId: 'seats',
          date: at('2024-05-11').toZonedDateTimeISO('UTC').toPlainDate(),
          value: decimal(6),
        },
      ],
    });
    // 8 × 5 = 40.00 paid; the 2 × 5 = 10.00 given back for two seats fewer stay.
    expect(paidOf(given, [])).toEqual(['2024-05-01..2024-06-01 wallet: -40.00 USD', 'TOTAL -10.00']);
  });

  test('usage that a credit pays for is not paid again', () => {
    const credit = pricing('gift', { type: 'PRODUCT_CREDIT', aggregationId: 'gifts' });
    const given = priced({
      balances: [balance('wallet', 500)],
      pricings: [pricing('price'), credit],
      aggregations: [aggregation('calls'), aggregation('gifts')],
    });
    const measured = [usage(80), { of: 'gifts', at: '2024-05-10', value: 30 }];
    expect(paidOf(given, measured)).toEqual(['2024-05-01..2024-06-01 wallet: -50.00 USD', 'TOTAL 0.00']);
  });
});

describe('spec 40 §15.3: a balance that is active for a part of the period', () => {
  const half = { startDate: at('2024-05-01'), endDate: at('2024-05-16') };
  const measured = [usage(120), usage(180, '2024-05-16')];

  test.each([
    // Of 300 used, 120 were before 16 May.
    [100, ['2024-05-01..2024-05-16 wallet: -100.00 USD', 'TOTAL 200.00']],
    [150, ['2024-05-01..2024-05-16 wallet: -120.00 USD', 'TOTAL 180.00']],
  ])('with %s it pays for what was used in it', (funds, expected) => {
    expect(paidOf(priced({ balances: [balance('wallet', funds, half)] }), measured)).toEqual(expected);
  });

  test('a standing charge and a maximum count by days', () => {
    const most = aggregation('calls');
    const given = priced({
      balances: [balance('wallet', 1000, { startDate: at('2024-05-22') })],
      planTemplates: [template('monthly', { standingCharge: decimal(310) })],
      aggregations: [{ ...most, definition: { ...most.definition, method: 'MAX' } }],
    });
    // 10 of 31 days: 310 × 10/31 + 62 × 10/31 = 100.00 + 20.00
    expect(paidOf(given, [usage(62)])).toEqual([
      '2024-05-22..2024-06-01 wallet: -120.00 USD',
      'TOTAL 252.00',
    ]);
  });

  test('measurements below 0 elsewhere do not make it pay more than the charge', () => {
    const given = priced({ balances: [balance('wallet', 1000, half)] });
    const paidFor = paidOf(given, [usage(120), usage(-20, '2024-05-20')]);
    expect(paidFor).toEqual(['2024-05-01..2024-05-16 wallet: -100.00 USD', 'TOTAL 0.00']);
  });

  test('days are those of the bill in the zone of the organization', () => {
    const given = priced({
      organization: organization({ timezone: 'Europe/Berlin' }),
      accountPlans: [accountPlan('ap', { startDate: at('2024-02-29T23:00:00Z') })],
      planTemplates: [template('monthly', { standingCharge: decimal(310) })],
      balances: [balance('wallet', 1000, { startDate: at('2024-03-30T23:00:00Z') })],
      target: billsOf('2024-04-01'),
    });
    // 31 March has 23 hours and counts as one day of 31: 10.00.
    expect(paidOf(given, []).at(-1)).toBe('TOTAL 300.00');
  });
});

describe('several balances', () => {
  const order = (a: BillFacts['balances'][number], b: BillFacts['balances'][number]) =>
    paidOf(priced({ balances: [a, b] }), [usage(10)])[0];

  test.each([
    ['the end', { endDate: at('2025-01-01') }, { endDate: at('2024-12-01') }],
    [
      'the end of the rollover',
      { endDate: at('2024-11-01'), rolloverEndDate: at('2025-02-01') },
      { endDate: at('2025-01-01') },
    ],
    ['the start', { startDate: at('2024-01-02') }, { startDate: at('2024-01-01') }],
    ['the contract', {}, { contractId: 'terms' }],
    ['the product', {}, { productIds: ['core'] }],
    ['the creation', { dtCreated: at('2024-01-02') }, { dtCreated: at('2024-01-01') }],
  ])('%s decides which is used first', (_, later, sooner) => {
    const first = balance('first', 100, sooner);
    const second = balance('second', 100, later);
    const linked = {
      contracts: [contract('terms')],
      accountPlans: [accountPlan('ap', { contractId: 'terms' })],
    };
    const rows = { ...linked, balances: [second, first] };
    expect(paidOf(priced(rows), [usage(10)])[0]).toContain('first: -10.00');
  });

  test('the id decides between balances that are alike', () => {
    expect(order(balance('b', 100), balance('a', 100))).toContain('a: -10.00');
  });

  test('one takes over where the other is used up', () => {
    const balances = [balance('a', 30), balance('b', 100)];
    expect(paidOf(priced({ balances }), [usage(50)])).toEqual([
      '2024-05-01..2024-06-01 a: -30.00 USD',
      '2024-05-01..2024-06-01 b: -20.00 USD',
      'TOTAL 0.00',
    ]);
  });

  test('an account whose order does not name them has none drawn', () => {
    const balances = [balance('wallet', 100)];
    const own = account('acme', { creditApplicationOrder: ['PREPAYMENT'] });
    expect(paidOf(priced({ balances, accounts: [own] }), [usage(50)])).toEqual(['TOTAL 50.00']);
    const general = organization({ creditApplicationOrder: ['PREPAYMENT'] });
    expect(paidOf(priced({ balances, organization: general }), [usage(50)])).toEqual(['TOTAL 50.00']);
  });
});

describe('spec 50 §5.6: overdraft', () => {
  test.each([
    [true, false, 'TOTAL 0.00'],
    [null, true, 'TOTAL 0.00'],
    [null, false, 'TOTAL 40.00'],
    [false, true, 'TOTAL 40.00'],
  ])('balance %s, organization %s: %s', (allowOverdraft, allowNegativeBalances, total) => {
    const balances = [balance('wallet', 10, { allowOverdraft })];
    const given = priced({ balances, organization: organization({ allowNegativeBalances }) });
    expect(paidOf(given, [usage(50)]).at(-1)).toBe(total);
  });

  test('money that is there is used before anything goes below 0', () => {
    const balances = [balance('a', 10, { allowOverdraft: true }), balance('b', 30)];
    expect(paidOf(priced({ balances }), [usage(50)])).toEqual([
      '2024-05-01..2024-06-01 a: -20.00 USD',
      '2024-05-01..2024-06-01 b: -30.00 USD',
      'TOTAL 0.00',
    ]);
  });

  test('nothing goes below 0 after the end of the balance', () => {
    const ended = { endDate: at('2024-05-01'), rolloverEndDate: at('2024-07-01'), allowOverdraft: true };
    expect(paidOf(priced({ balances: [balance('wallet', 10, ended)] }), [usage(50)]).at(-1)).toBe(
      'TOTAL 40.00',
    );
  });
});

describe('currencies', () => {
  const dollars = (multiplier: string) =>
    organization({
      currencyConversions: [{ from: 'EUR', to: 'USD', multiplier: decimal(multiplier) }],
    });

  test('spec 50 §14.4: draws are compared in the currency of the balance', () => {
    const euros = balance('wallet', 1000, { currency: 'EUR' });
    const given = priced({
      organization: dollars('1.12'),
      accountPlans: [accountPlan('ap', { startDate: at('2024-04-01') })],
      balances: [euros],
    });
    const april = calculated({ ...given, target: billsOf('2024-05-01') }, [usage(500, '2024-04-10')]).bills;
    // 500.00 / 1.12 = 446.43 EUR
    expect(paid(april)).toEqual(['2024-04-01..2024-05-01 wallet: -446.43 EUR -> -500.00', 'TOTAL 0.00']);
    const may = calculated(afterBills(given, april), [usage(800)]).bills;
    // 1000.00 - 446.43 = 553.57 EUR, worth 620.00 USD
    expect(paid(may)).toEqual(['2024-05-01..2024-06-01 wallet: -553.57 EUR -> -620.00', 'TOTAL 180.00']);
  });

  test('a charge below one unit of the currency of the balance is left alone', () => {
    const points = balance('wallet', 1000, { currency: 'EUR' });
    const currencies = [{ code: 'EUR', maxDecimalPlaces: 0, roundingMode: 'DOWN' }] as const;
    const given = priced({ organization: dollars('100'), currencies, balances: [points] });
    expect(paidOf(given, [usage(99)])).toEqual(['TOTAL 99.00']);
  });

  test.each([
    [balance('wallet', 5, { currency: 'EUR' }), 1],
    [balance('wallet', 0, { currency: 'EUR' }), 0],
    [balance('wallet', 0, { currency: 'EUR', allowOverdraft: true }), 1],
    [balance('wallet', 5, { currency: 'EUR', productIds: ['other'] }), 0],
    [balance('wallet', 5, { currency: 'EUR', startDate: at('2024-06-01') }), 0],
  ])('a missing rate fails the bill only if the balance would be drawn (case %#)', (wallet, failures) => {
    const { failed } = calculated(priced({ balances: [wallet] }), [usage(50)]);
    expect(failed.map(({ failure }) => failure)).toEqual(
      Array.from({ length: failures }, () => ({
        kind: 'NoConversionRate',
        from: 'EUR',
        to: 'USD',
        entity: 'balance wallet',
      })),
    );
  });
});

test('spec 50 §5.7: after the end of a balance the rest may be used up to a cap', () => {
  const wallet = balance('wallet', 1000, {
    endDate: at('2024-07-01'),
    rolloverEndDate: at('2024-09-01'),
    rolloverAmount: decimal(150),
  });
  let given = priced({
    balances: [wallet],
    accountPlans: [accountPlan('ap', { startDate: at('2024-01-01') })],
  });
  const measured = [
    usage(700, '2024-06-10'),
    usage(120, '2024-07-10'),
    usage(80, '2024-08-10'),
    usage(40, '2024-09-10'),
  ];
  const totals = ['2024-07-01', '2024-08-01', '2024-09-01', '2024-10-01'].map((date) => {
    const { bills } = calculated({ ...given, target: billsOf(date) }, measured);
    given = afterBills(given, bills);
    return paid(bills).at(-1);
  });
  expect(totals).toEqual(['TOTAL 0.00', 'TOTAL 0.00', 'TOTAL 50.00', 'TOTAL 40.00']);
  expect(given.balances[0]?.draws.map(({ phase, amount }) => `${phase} ${amount}`)).toEqual([
    'BASE 700',
    'ROLLOVER 120',
    'ROLLOVER 30',
  ]);
});

test('a bill over the end of a balance draws before the end first, and the rest up to the cap', () => {
  const wallet = balance('wallet', 1000, {
    endDate: at('2024-05-16'),
    rolloverEndDate: at('2024-09-01'),
    rolloverAmount: decimal(150),
  });
  const [bill] = calculated(priced({ balances: [wallet] }), [usage(700), usage(400, '2024-05-20')]).bills;
  expect(bill?.draws.map(({ phase, amount, end }) => `${phase} ${amount} ${end}`)).toEqual([
    'BASE 700 2024-05-16T00:00:00Z',
    'ROLLOVER 150 2024-06-01T00:00:00Z',
  ]);
  expect(paid(bill ? [bill] : [])).toEqual(['2024-05-01..2024-06-01 wallet: -850.00 USD', 'TOTAL 250.00']);
});

describe('several bills', () => {
  const annual = (rows: Partial<BillFacts>) =>
    priced({
      accountPlans: [
        accountPlan('ap', { startDate: at('2024-01-01') }),
        accountPlan('ap2', { planId: 'yearly', startDate: at('2024-01-01') }),
      ],
      plans: [plan('pro', 'monthly'), plan('yearly', 'annual')],
      planTemplates: [
        template('monthly', { standingCharge: decimal(70) }),
        cycle('annual', 'ANNUALLY', { standingCharge: decimal(70) }),
      ],
      target: billsOf('2025-01-01'),
      ...rows,
    });

  test('bills of one job do not draw the same money twice', () => {
    expect(paidOf(annual({ balances: [balance('wallet', 100)] }), [])).toEqual([
      '2024-12-01..2025-01-01 wallet: -70.00 USD',
      'TOTAL 0.00',
      '2024-01-01..2025-01-01 wallet: -30.00 USD',
      'TOTAL 40.00',
    ]);
  });

  test('a bill that is calculated again replaces its own draw and respects those of others', () => {
    const given = annual({ balances: [balance('wallet', 100)] });
    const first = calculated(given, []).bills;
    const second = calculated(afterBills(given, first), []).bills;
    expect(paid(second)).toEqual(paid(first));
    const [monthly] = first;
    const again = afterBills(given, first);
    const target = {
      kind: 'RECALCULATE',
      now: at('2025-01-02'),
      billIds: [again.bills[0]?.id ?? ''],
    } as const;
    const richer = again.balances.map((row) => ({ ...row, funds: decimal(0) }));
    expect(paidOf({ ...again, target, balances: richer }, [])).toEqual(['TOTAL 70.00']);
    expect(paidOf({ ...again, target }, [])).toEqual(paid(monthly ? [monthly] : []));
  });
});

describe('spec 50 §6.9: hierarchies', () => {
  const family = (balances: BillFacts['balances'], mode: 'PARENT_BREAKDOWN' | 'CHILD') =>
    priced({
      accounts: [account('acme', { creditApplicationOrder: ['PREPAYMENT'] }), child('kid', 'acme')],
      accountPlans: [accountPlan('ap'), accountPlan('ap-kid', { accountId: 'kid', childBillingMode: mode })],
      balances,
    });
  const measured = [usage(100), usage(50, '2024-05-10', 'kid')];

  test('a balance of the parent pays for the whole bill of the parent, its own lines first', () => {
    const given = family([balance('wallet', 120)], 'PARENT_BREAKDOWN');
    const [bill] = calculated(given, measured).bills;
    expect(paid(bill ? [bill] : [])).toEqual(['2024-05-01..2024-06-01 wallet: -120.00 USD', 'TOTAL 30.00']);
    const drawn = bill?.lines.find((line) => line.balanceId === 'wallet')?.reason.drawn ?? [];
    expect(drawn.map((part) => part.amount.toFixed())).toEqual(['100', '20']);
  });

  test('a balance of the parent does not pay for the bills of children', () => {
    const given = family([balance('wallet', 120)], 'CHILD');
    expect(paidOf(given, measured)).toEqual([
      '2024-05-01..2024-06-01 wallet: -100.00 USD',
      'TOTAL 0.00',
      'TOTAL 50.00',
    ]);
  });

  test.each([
    ['PARENT_BREAKDOWN', ['2024-05-01..2024-06-01 purse [kid]: -50.00 USD', 'TOTAL 100.00']],
    ['CHILD', ['TOTAL 100.00', '2024-05-01..2024-06-01 purse: -50.00 USD', 'TOTAL 0.00']],
  ] as const)('a balance of a child pays for the lines of the child (%s)', (mode, expected) => {
    const given = family([balance('purse', 500, { accountId: 'kid' })], mode);
    expect(paidOf(given, measured)).toEqual(expected);
  });
});

test('the draw of a locked bill stays and is not counted twice', () => {
  const given = priced({ balances: [balance('wallet', 100)] });
  const { bills } = calculated(given, [usage(60)]);
  const written = afterBills(given, bills);
  const locked = { ...written, bills: written.bills.map((bill) => ({ ...bill, locked: true })) };
  const june = calculated({ ...locked, target: billsOf('2024-07-01') }, [usage(60, '2024-06-10')]);
  expect(paid(june.bills)).toEqual(['2024-06-01..2024-07-01 wallet: -40.00 USD', 'TOTAL 20.00']);
  expect(calculated({ ...locked, target: billsOf(MAY) }, [usage(60)]).bills).toEqual([]);
});
