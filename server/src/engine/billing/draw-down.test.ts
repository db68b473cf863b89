import { describe, expect, test } from 'vitest';
import { afterBills, balance, paid, paidOf, priced, usage } from '../../../test/support/balance-facts.ts';
import {
  account,
  accountPlan,
  at,
  billsOf,
  child,
  contract,
  cycle,
  organization,
  plan,
  template,
} from '../../../test/support/bill-facts.ts';
import { calculated } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { BillFacts } from './facts.ts';

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

  test('a balance for a part of the period pays for that part once, above and below 0', () => {
    const part = { startDate: at('2024-05-22'), allowOverdraft: true, lineItemTypes: ['STANDING_CHARGE'] };
    const given = priced({
      balances: [balance('wallet', 10, part)],
      planTemplates: [template('monthly', { standingCharge: decimal(310) })],
    });
    // 10 of 31 days are 100.00, of which 10.00 were there.
    expect(paidOf(given, []).at(-1)).toBe('TOTAL 210.00');
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

  test('only a partial draw is rounded to the currency of the bill', () => {
    const exact = { code: 'XTS', maxDecimalPlaces: 2, roundingMode: 'UNNECESSARY' } as const;
    const given = (funds: number) =>
      priced({
        organization: organization({
          currencyConversions: [{ from: 'EUR', to: 'XTS', multiplier: decimal('1.1') }],
        }),
        accounts: [account('acme', { currency: 'XTS' })],
        currencies: [exact],
        planTemplates: [template('monthly', { currency: 'XTS' })],
        balances: [balance('wallet', funds, { currency: 'EUR' })],
      });
    // 10 / 1.1 = 9.09 EUR pay 10.00, though 9.09 × 1.1 = 9.999 has three places.
    expect(paidOf(given(100), [usage(10)])).toEqual([
      '2024-05-01..2024-06-01 wallet: -9.09 EUR -> -10.00',
      'TOTAL 0.00',
    ]);
    // 5.01 EUR are 5.511.
    const { failed } = calculated(given(5.01), [usage(10)]);
    expect(failed.map(({ failure }) => failure)).toMatchObject([{ entity: 'balance wallet' }]);
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
  ])('a missing rate fails the bill only if the balance would be drawn (case %#)', (row, failures) => {
    const { failed } = calculated(priced({ balances: [row] }), [usage(50)]);
    expect(failed.map(({ failure }) => failure)).toEqual(
      Array.from({ length: failures }, () => ({
        kind: 'NoConversionRate',
        billAccountId: 'acme',
        from: 'EUR',
        to: 'USD',
        entity: 'balance wallet',
      })),
    );
  });
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
  expect(calculated({ ...locked, target: billsOf('2024-06-01') }, [usage(60)]).bills).toEqual([]);
});
