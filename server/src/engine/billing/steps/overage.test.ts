import { describe, expect, test } from 'vitest';
import { balance } from '../../../../test/support/balance-facts.ts';
import {
  account,
  accountPlan,
  at,
  type BandRow,
  bands,
  billsOf,
  child,
  day,
  facts,
  organization,
  pricing,
  template,
} from '../../../../test/support/bill-facts.ts';
import { calculated, lineText, type Measured } from '../../../../test/support/bill-story.ts';
import { afterBilling, amounts, commitment, MONTHLY } from '../../../../test/support/commitment-facts.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { DraftBill } from '../bill.ts';
import type { CommitmentFacts } from '../commitment-facts.ts';
import type { BillFacts } from '../facts.ts';

/** One plan at these prices from 2025 on. */
function priced(
  rows: Partial<BillFacts>,
  prices: readonly BandRow[] = [[0, 0, 1]],
  overage: readonly BandRow[] = [],
) {
  return facts({
    accountPlans: [accountPlan('ap', { startDate: at('2025-01-01') })],
    pricings: [pricing('price', { overagePricingBands: bands('over', overage) }, prices)],
    ...rows,
  });
}

function used(value: number | string, date = '2025-01-10', of = 'acme'): Measured {
  return { account: of, at: date, value };
}

function billOf(given: BillFacts, measured: readonly Measured[], date = '2025-02-01'): DraftBill | undefined {
  return calculated({ ...given, target: billsOf(date) }, measured).bills[0];
}

describe('spec 50 §14.1: a surcharge', () => {
  const year = (percent: number) =>
    priced(
      { commitments: [commitment('term', 12000, { ...MONTHLY, overageSurchargePercent: decimal(percent) })] },
      [[0, 0, 0.5]],
    );
  const measured = [used(16000), used(11000, '2025-02-10'), used(3000, '2025-03-10')];

  function months(given: BillFacts) {
    let rows = given;
    const bills = ['2025-02-01', '2025-03-01', '2025-04-01'].map((date) => {
      const made = calculated({ ...rows, target: billsOf(date) }, measured).bills;
      rows = afterBilling(rows, made);
      return amounts(made[0]);
    });
    return { bills, rows };
  }

  test('is a percentage of what exceeds the commitment', () => {
    expect(months(year(2)).bills).toEqual([
      ['USAGE 8000.00', 'COMMITMENT_FEE 1000.00', 'COMMITMENT_CONSUMED -8000.00', 'TOTAL 1000.00'],
      // 5500 - 4000 = 1500; 2 % of it are 30.
      [
        'USAGE 5500.00',
        'COMMITMENT_FEE 1000.00',
        'COMMITMENT_CONSUMED -4000.00',
        'OVERAGE_SURCHARGE 30.00',
        'TOTAL 2530.00',
      ],
      ['USAGE 1500.00', 'COMMITMENT_FEE 1000.00', 'OVERAGE_SURCHARGE 30.00', 'TOTAL 2530.00'],
    ]);
  });

  test('is a discount when it is negative', () => {
    expect(months(year(-5)).bills[1]?.slice(-2)).toEqual(['OVERAGE_SURCHARGE -75.00', 'TOTAL 2425.00']);
  });

  test('§14.7: late usage is charged when the bill is calculated again, from the same money', () => {
    const { rows } = months(year(2));
    const bill = billOf(rows, [...measured, used(1000, '2025-02-20')], '2025-03-01');
    // 6000 - 4000 = 2000; 2 % of it are 40.
    expect(amounts(bill).slice(-3)).toEqual([
      'COMMITMENT_CONSUMED -4000.00',
      'OVERAGE_SURCHARGE 40.00',
      'TOTAL 3040.00',
    ]);
  });
});

describe('usage beyond the commitment on lines of its own', () => {
  type Case = readonly [
    prices: readonly BandRow[],
    overage: readonly BandRow[],
    left: number,
    units: number,
    expected: readonly string[],
  ];
  test.each<Case>([
    // 30 §9: 120 pay for 1000 × 0.10 + 250 × 0.08; 1750 × 0.12 = 210.
    [
      [
        [0, 0, 0.1],
        [1000, 0, 0.08],
      ],
      [
        [0, 0, 0.15],
        [1000, 0, 0.12],
      ],
      120,
      3000,
      ['1250 120.00', '1750 210.00'],
    ],
    // 50 §14.2: 1000 + 160 / 0.08 = 12000 units; 3000 × 0.12 = 360, or 3000 × 0.08 = 240.
    [
      [
        [0, 0, 0.1],
        [10000, 0, 0.08],
      ],
      [[0, 0, 0.12]],
      1160,
      15000,
      ['12000 1160.00', '3000 360.00'],
    ],
    [
      [
        [0, 0, 0.1],
        [10000, 0, 0.08],
      ],
      [],
      1160,
      15000,
      ['12000 1160.00', '3000 240.00'],
    ],
    // A fixed price of 50 above 100 units is not paid for by the 20 that are left: they stay in the credit.
    [
      [
        [0, 0, 1],
        [100, 50, 1],
      ],
      [],
      120,
      200,
      ['100 100.00', '100 150.00'],
    ],
    [
      [
        [0, 0, 1],
        [100, 50, 1],
      ],
      [[0, 0, 2]],
      120,
      200,
      ['100 100.00', '100 200.00'],
    ],
    // The first 10 units are free and stay with what is covered.
    [[[10, 0, 1]], [], 5, 20, ['15 5.00', '5 5.00']],
  ])('prices %j, overage %j, %d left of %d units', (prices, overage, left, units, expected) => {
    const row = commitment('term', left, { separateOverageUsage: true });
    const bill = billOf(priced({ commitments: [row] }, prices, overage), [used(units)]);
    const lines = bill?.lines.filter((line) => line.lineItemType.endsWith('USAGE')) ?? [];
    expect(lines.map((line) => `${line.units} ${line.subtotal.toFixed(2)}`)).toEqual(expected);
    const [kept] = expected;
    const drawn = bill?.draws.map((draw) => draw.amount.toFixed(2));
    expect(drawn).toEqual([kept?.split(' ')[1]]);
  });

  test('overage prices are used without separate overage usage too, a surcharge wins over them', () => {
    const over: readonly BandRow[] = [[0, 0, 3]];
    const plain = priced({ commitments: [commitment('term', 40)] }, [[0, 0, 1]], over);
    expect(amounts(billOf(plain, [used(100)]))).toEqual([
      'USAGE 40.00',
      'COMMITMENT_CONSUMED -40.00',
      'OVERAGE_USAGE 180.00',
      'TOTAL 180.00',
    ]);
    const surcharged = commitment('term', 40, { overageSurchargePercent: decimal(10) });
    expect(amounts(billOf(priced({ commitments: [surcharged] }, [[0, 0, 1]], over), [used(100)]))).toEqual([
      'USAGE 100.00',
      'COMMITMENT_CONSUMED -40.00',
      'OVERAGE_SURCHARGE 6.00',
      'TOTAL 66.00',
    ]);
  });

  test('everything exceeds a commitment that was used up before, and nothing one that is over', () => {
    const row = commitment('term', 40, {
      separateOverageUsage: true,
      draws: [{ billId: 'earlier', phase: 'BASE', amount: decimal(40) }],
      overageDescription: 'Beyond the term',
    });
    const lines = billOf(priced({ commitments: [row] }), [used(100)])?.lines ?? [];
    expect(lines.map((line) => lineText(line))).toEqual([
      'OVERAGE_USAGE 2025-01-01..2025-02-01 Beyond the term: 100.00 USD',
    ]);
    expect(lines[0]).toMatchObject({ commitmentId: 'term', pricingId: 'price', aggregationId: 'calls' });
    const over = { ...row, startDate: day('2024-01-01'), endDate: day('2025-01-01') };
    expect(amounts(billOf(priced({ commitments: [over] }), [used(100)]))).toEqual([
      'USAGE 100.00',
      'TOTAL 100.00',
    ]);
  });

  test('volume prices are split by share', () => {
    const row = commitment('term', 30, { separateOverageUsage: true });
    const given = priced({ commitments: [row] });
    const rows = given.pricings.map((price) => ({ ...price, cumulative: false }));
    const bill = billOf({ ...given, pricings: rows }, [used(120)]);
    expect(bill?.lines.map((line) => `${line.units} ${line.subtotal}`)).toEqual(['30 30', '1 -30', '90 90']);
  });
});

describe('several credits', () => {
  const rows = {
    commitments: [commitment('term', 600, { overageSurchargePercent: decimal(10) })],
    balances: [balance('wallet', 200, { startDate: at('2025-01-01'), endDate: at('2026-01-01') })],
  };

  // 50 §14.5: 900 - 600 - 200 = 100; 10 % of it are 10.
  test.each([
    [['PREPAYMENT', 'BALANCE'] as const, 'TOTAL 110.00'],
    [['BALANCE'] as const, 'TOTAL 700.00'],
  ])('in the order %j', (creditApplicationOrder, total) => {
    const given = priced({ ...rows, accounts: [account('acme', { creditApplicationOrder })] });
    expect(amounts(billOf(given, [used(900)])).at(-1)).toBe(total);
  });

  test('the last one that says anything about overage governs', () => {
    const first = commitment('a', 10, { endDate: day('2025-06-01'), overageSurchargePercent: decimal(10) });
    const second = commitment('b', 10, { separateOverageUsage: true });
    const third = commitment('c', 10, { endDate: day('2027-01-01') });
    const given = priced({ commitments: [first, second, third] });
    expect(amounts(billOf(given, [used(100)]))).toEqual([
      'USAGE 30.00',
      'COMMITMENT_CONSUMED -10.00',
      'COMMITMENT_CONSUMED -10.00',
      'COMMITMENT_CONSUMED -10.00',
      'OVERAGE_USAGE 70.00',
      'TOTAL 70.00',
    ]);
  });

  test('a balance that never had money, or may go below 0, is not exceeded', () => {
    const surcharge = {
      overageSurchargePercent: decimal(10),
      startDate: at('2025-01-01'),
      endDate: at('2026-01-01'),
    };
    const of = (fields: object, funds: number) =>
      amounts(
        billOf(priced({ balances: [balance('wallet', funds, { ...surcharge, ...fields })] }), [used(100)]),
      ).at(-1);
    expect(of({}, 40)).toBe('TOTAL 66.00');
    expect(of({}, 0)).toBe('TOTAL 100.00');
    expect(of({ allowOverdraft: true }, 40)).toBe('TOTAL 0.00');
  });
});

test('spec 50 §14.4: a commitment in another currency', () => {
  const rates = [{ from: 'EUR', to: 'USD', multiplier: decimal('1.12') }];
  const given = priced({
    organization: organization({ currencyConversions: rates }),
    commitments: [commitment('term', 1000, { currency: 'EUR' })],
  });
  const first = calculated({ ...given, target: billsOf('2025-02-01') }, [used(500)]).bills;
  const second = billOf(afterBilling(given, first), [used(500), used(800, '2025-02-10')], '2025-03-01');
  const consumed = [first[0], second].map((bill) => bill?.lines.at(-1));
  expect(consumed.map((line) => `${line?.subtotal} ${line?.convertedSubtotal}`)).toEqual([
    '-446.43 -500',
    '-553.57 -620',
  ]);
  expect(second?.billTotal.toFixed(2)).toBe('180.00');
});

test('what is beyond is converted back to the currency of the usage, and a split keeps nothing', () => {
  const rates = [{ from: 'EUR', to: 'USD', multiplier: decimal('0.333') }];
  const used10 = (fields: Partial<CommitmentFacts>) => {
    const draws = [{ billId: 'earlier', phase: 'BASE', amount: decimal(40) }] as const;
    const given = priced({
      organization: organization({ currencyConversions: rates }),
      planTemplates: [template('monthly', { currency: 'EUR' })],
      commitments: [commitment('term', 40, { ...fields, draws })],
    });
    return amounts(billOf(given, [used('10.01')]));
  };
  // 10.01 EUR are 3.33 USD, and those are 10.00 EUR.
  expect(used10({ overageSurchargePercent: decimal(100) })).toEqual([
    'USAGE 10.01',
    'OVERAGE_SURCHARGE 10.00',
    'TOTAL 6.66',
  ]);
  expect(used10({ separateOverageUsage: true })).toEqual(['OVERAGE_USAGE 10.01', 'TOTAL 3.33']);
});

describe('a balance with a rollover', () => {
  const until = { rolloverEndDate: at('2025-07-01'), rolloverAmount: decimal(30) };
  const rolling = (funds: number, endDate: string) =>
    balance('wallet', funds, { ...until, endDate: at(endDate), overageSurchargePercent: decimal(10) });

  test.each([
    // What was left at the end and not carried over pays for nothing after it: 100 less 30 are beyond.
    [rolling(80, '2025-01-01'), [used(100)], ['OVERAGE_SURCHARGE 7.00', 'TOTAL 77.00']],
    [rolling(30, '2025-01-01'), [used(100)], ['OVERAGE_SURCHARGE 7.00', 'TOTAL 77.00']],
    // Nothing is beyond what was carried over.
    [rolling(80, '2025-01-01'), [used(30)], ['BALANCE_CONSUMED -30.00', 'TOTAL 0.00']],
    // Of usage over the end, 20 before and 100 after it, 30 of the 80 are left for what comes before it.
    [
      rolling(80, '2025-01-16'),
      [used(20), used(100, '2025-01-20')],
      ['BALANCE_CONSUMED -50.00', 'TOTAL 70.00'],
    ],
    // 80 before and 100 after the end: nothing is left anywhere, and 100 are beyond.
    [
      rolling(80, '2025-01-16'),
      [used(80), used(100, '2025-01-20')],
      ['OVERAGE_SURCHARGE 10.00', 'TOTAL 110.00'],
    ],
  ])('is exceeded by usage in its time (case %#)', (row, measured, expected) => {
    expect(amounts(billOf(priced({ balances: [row] }), measured)).slice(-2)).toEqual(expected);
  });
});

describe('spec 50 §6.9: parent and children', () => {
  const unit = (fields: Partial<CommitmentFacts>, mode: 'PARENT_BREAKDOWN' | 'CHILD' = 'PARENT_BREAKDOWN') =>
    facts({
      accounts: [account('acme'), child('a', 'acme'), child('b', 'acme')],
      accountPlans: ['acme', 'a', 'b'].map((accountId) =>
        accountPlan(`ap-${accountId}`, { accountId, startDate: at('2025-01-01'), childBillingMode: mode }),
      ),
      pricings: [pricing('price')],
      commitments: [commitment('term', 1000, fields)],
      target: billsOf('2025-02-01'),
    });
  const measured = [used(300), used(450, '2025-01-10', 'a'), used(600, '2025-01-10', 'b')];

  test.each<[Partial<CommitmentFacts>, readonly string[]]>([
    [{}, ['-300', 'a -450', 'b -250']],
    [{ childBillingMode: 'PARENT_SUMMARY' }, ['-1000']],
    [{ accountId: 'a' }, ['a -450']],
    [{ accountId: 'a', childBillingMode: 'PARENT_SUMMARY' }, ['-450']],
  ])('a commitment with %j', (fields, expected) => {
    const { bills } = calculated(unit(fields), measured);
    const lines = bills.flatMap((bill) => bill.lines).filter((line) => line.commitmentId === 'term');
    const texts = lines.map((line) => `${line.childAccountCode ?? ''} ${line.subtotal}`.trim());
    expect(texts).toEqual(expected);
  });

  test('CHILD pays for lines of the children on their own bills', () => {
    const { bills } = calculated(unit({ childBillingMode: 'CHILD' }, 'CHILD'), measured);
    expect(bills.map((bill) => `${bill.identity.accountId} ${bill.billTotal}`)).toEqual([
      'acme 0',
      'a 0',
      'b 350',
    ]);
  });

  test('the fee of a child names it on the parent bill, or is on its own', () => {
    const fee = (fields: Partial<CommitmentFacts>) =>
      calculated(unit({ ...MONTHLY, accountId: 'a', ...fields }), [])
        .bills.flatMap((bill) => bill.lines.map((line) => ({ ...line, on: bill.identity.accountId })))
        .filter((line) => line.lineItemType === 'COMMITMENT_FEE')
        .map((line) => `${line.on} ${line.childAccountCode ?? '-'}`);
    expect(fee({})).toEqual(['acme a']);
    expect(fee({ childBillingMode: 'PARENT_SUMMARY' })).toEqual(['acme -']);
    expect(fee({ childBillingMode: 'CHILD' })).toEqual(['a -']);
  });
});

test('a commitment that is active for a part of the period pays for that part', () => {
  const row = commitment('term', 1000, {
    startDate: day('2025-01-16'),
    overageSurchargePercent: decimal(10),
  });
  const given = priced({ commitments: [row] });
  // Of 300 used, 180 since 16 January.
  expect(amounts(billOf(given, [used(120), used(180, '2025-01-20')]))).toEqual([
    'USAGE 300.00',
    'COMMITMENT_CONSUMED -180.00',
    'TOTAL 120.00',
  ]);
  // 250 are open, 180 of the usage is in its time: 10 % of 180.
  const short = { ...row, amount: decimal(50) };
  expect(amounts(billOf({ ...given, commitments: [short] }, [used(120), used(180, '2025-01-20')]))).toEqual([
    'USAGE 300.00',
    'COMMITMENT_CONSUMED -50.00',
    'OVERAGE_SURCHARGE 18.00',
    'TOTAL 268.00',
  ]);
});
