import { describe, expect, test } from 'vitest';
import {
  account,
  accountPlan,
  at,
  billsOf,
  contract,
  day,
  facts,
  organization,
  plan,
  planGroup,
  pricing,
  template,
} from '../../../../test/support/bill-facts.ts';
import { billText, calculated, headText, jobs } from '../../../../test/support/bill-story.ts';
import { afterBilling, commitment, feeTexts, MONTHLY } from '../../../../test/support/commitment-facts.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { DraftBill } from '../bill.ts';
import type { CommitmentFacts } from '../commitment-facts.ts';
import type { BillFacts } from '../facts.ts';

const QUARTERLY: Partial<CommitmentFacts> = { ...MONTHLY, billFrequencyInterval: 3 };

/** An account with nothing but the commitment. */
function alone(row: CommitmentFacts, rows: Partial<BillFacts> = {}): BillFacts {
  return facts({ accountPlans: [], commitments: [row], ...rows });
}

/** Bills one date after the other. */
function billed(given: BillFacts, dates: readonly string[]) {
  let rows = given;
  const bills: DraftBill[] = [];
  for (const date of dates) {
    const made = calculated({ ...rows, target: billsOf(date) }).bills;
    rows = afterBilling(rows, made);
    bills.push(...made);
  }
  return { facts: rows, bills };
}

function monthsOf(first: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => day(first).add({ months: at }).toString());
}

function feesOf(given: BillFacts, dates: readonly string[]): readonly string[] {
  return feeTexts(billed(given, dates).bills).map((text) => {
    const [date = ''] = text.split(': ');
    return `${date} ${text.split(' ').at(-2)}`;
  });
}

const WHOLE = ['1000.00', '1000.00', '1000.00', '1000.00', '1000.00', '1000.00'];

describe('spec 50 §4.5: the amount along a plan', () => {
  const late = { startDate: day('2025-01-15'), endDate: day('2026-01-15') };

  test.each<[Partial<CommitmentFacts>, string, readonly string[]]>([
    [{}, '2025-02-01', [...WHOLE, ...WHOLE]],
    [{ commitmentFeeBillInAdvance: true }, '2025-01-01', [...WHOLE, ...WHOLE]],
    // 12000 × 17/31 ÷ 12 = 548.387…; the last is what is left.
    [late, '2025-02-01', ['548.39', ...WHOLE, ...WHOLE.slice(1), '451.61']],
    // (1 + 17/31) × 1000 = 1548.387…
    [
      { ...late, commitmentFeeBillInAdvance: true },
      '2025-02-01',
      ['1548.39', ...WHOLE, ...WHOLE.slice(2), '451.61'],
    ],
  ])('12000 with %j', (fields, first, expected) => {
    const row = commitment('term', 12000, { ...MONTHLY, ...fields });
    expect(feesOf(alone(row), monthsOf(first, 14)).map((text) => text.split(' ')[1])).toEqual(expected);
  });

  test.each<[Partial<CommitmentFacts>, readonly string[]]>([
    // 7000 - 1000 paid - 1500 first = 4500 in three parts.
    [
      { amountPrePaid: decimal(1000), amountFirstBill: decimal(1500) },
      ['2025-04-01 1500.00', '2025-07-01 1500.00', '2025-10-01 1500.00', '2026-01-01 1500.00'],
    ],
    [
      { amountFirstBill: decimal(1000) },
      ['2025-04-01 1000.00', '2025-07-01 2000.00', '2025-10-01 2000.00', '2026-01-01 2000.00'],
    ],
    // 100.01, and 6899.99 ÷ 3 = 2299.996…; the last is 6899.99 - 2 × 2300.00.
    [
      { amountFirstBill: decimal('100.005') },
      ['2025-04-01 100.01', '2025-07-01 2300.00', '2025-10-01 2300.00', '2026-01-01 2299.99'],
    ],
    [{ billingInterval: 2, billingOffset: 1 }, ['2025-07-01 3500.00', '2026-01-01 3500.00']],
    [{ billingOffset: 3, amountFirstBill: decimal(1) }, ['2026-01-01 7000.00']],
    [{ amountPrePaid: decimal(7000) }, []],
    [{ billingPlanId: null }, []],
  ])('7000 in quarters with %j', (fields, expected) => {
    const row = commitment('term', 7000, { ...QUARTERLY, ...fields });
    expect(feesOf(alone(row), monthsOf('2025-01-01', 14))).toEqual(expected);
  });

  test('a fee makes a bill of its own, for the time that the fee is for', () => {
    const { bills } = billed(alone(commitment('term', 12000, MONTHLY)), ['2025-02-01']);
    expect(bills.map(billText)).toEqual([
      [
        'COMMITMENT_FEE 2025-01-01..2025-02-01 Prepayment Fee (account-wide): 1000.00 USD',
        'TOTAL 1000.00 USD',
      ],
    ]);
    expect(bills.map(headText)[0]).toMatchObject({ period: '2025-01-01..2025-02-01', frequency: 'AD_HOC/-' });
  });

  test('a fee joins the bill of its date with the shortest period', () => {
    const given = facts({
      commitments: [commitment('term', 12000, { ...MONTHLY, productIds: ['core'] })],
      accountPlans: [accountPlan('ap', { startDate: at('2025-01-01') })],
      planTemplates: [template('monthly', { standingCharge: decimal(10) })],
    });
    const { bills } = billed(given, ['2025-02-01']);
    expect(bills.map(billText)).toEqual([
      [
        'STANDING_CHARGE 2025-01-01..2025-02-01 Standing Charge: 10.00 USD',
        'COMMITMENT_FEE 2025-01-01..2025-02-01 Prepayment Fee (Core): 1000.00 USD',
        'COMMITMENT_CONSUMED 2025-01-01..2025-02-01 Prepayment Consumed (Core): -10.00 USD',
        'TOTAL 1000.00 USD',
      ],
    ]);
    expect(bills.map(headText)[0]?.frequency).toBe('MONTHLY/1');
  });

  test('a job of one frequency leaves a fee for the bill that it belongs on', () => {
    const given = facts({
      commitments: [commitment('term', 12000, MONTHLY)],
      plans: [plan('pro', 'monthly'), plan('lite', 'annual')],
      planTemplates: [template('monthly'), template('annual', { billFrequency: 'ANNUALLY' })],
      accountPlans: [
        accountPlan('ap', { startDate: at('2025-01-01') }),
        accountPlan('ap2', { planId: 'lite', startDate: at('2025-01-01') }),
      ],
    });
    const feesBy = (billingFrequency: 'ANNUALLY' | 'MONTHLY') =>
      jobs(given, [billsOf('2026-01-01', { billingFrequency })]).flatMap((bills) =>
        bills.map((bill) => `${bill.billingFrequency} ${bill.billTotal}`),
      );
    expect(feesBy('ANNUALLY')).toEqual(['ANNUALLY 0']);
    expect(feesBy('MONTHLY')).toEqual(['MONTHLY 1000']);
  });

  test('the epoch is that of the commitment, the attached plan, the account, the organization', () => {
    const at15 = day('2025-01-15');
    const row = commitment('term', 12000, MONTHLY);
    const one = alone({ ...row, billEpoch: at15 });
    const two = alone(row, {
      accountPlans: [accountPlan('ap', { billEpoch: at15, startDate: at('2026-06-01') })],
    });
    const three = alone(row, { accounts: [account('acme', { billEpoch: at15 })] });
    for (const given of [one, two, three]) {
      expect(feesOf(given, ['2025-02-01', '2025-02-15'])).toEqual(['2025-02-15 1000.00']);
    }
    expect(feesOf(alone(row), ['2025-02-01', '2025-02-15'])).toEqual(['2025-02-01 1000.00']);
  });

  test('a plan that is attached in a group has the epoch of the group’s attachment', () => {
    const given = alone(commitment('term', 12000, MONTHLY), {
      planGroups: [planGroup('bundle', ['pro'])],
      accountPlans: [
        accountPlan('ap', {
          planGroupId: 'bundle',
          billEpoch: day('2025-01-15'),
          startDate: at('2026-06-01'),
        }),
      ],
    });
    expect(feesOf(given, ['2025-02-01', '2025-02-15'])).toEqual(['2025-02-15 1000.00']);
  });

  test('of several attachments the earliest during the term counts, in any order of the rows', () => {
    const attached = (id: string, start: string, epoch: string) =>
      accountPlan(id, { startDate: at(start), billEpoch: day(epoch) });
    const accountPlans = [
      attached('a', '2026-06-01', '2025-01-05'),
      attached('b', '2025-06-01', '2025-01-10'),
      attached('d', '2025-03-01', '2025-01-20'),
      attached('c', '2025-03-01', '2025-01-15'),
      { ...attached('e', '2024-01-01', '2025-01-25'), endDate: at('2025-01-01') },
    ];
    const dates = ['2025-02-05', '2025-02-10', '2025-02-15', '2025-02-20', '2025-02-25'];
    for (const rows of [accountPlans, accountPlans.toReversed()]) {
      const given = alone(commitment('term', 12000, MONTHLY), {
        accountPlans: rows,
        planTemplates: [template('monthly', { billFrequency: 'AD_HOC' })],
      });
      expect(feesOf(given, dates)).toEqual(['2025-02-15 1000.00']);
    }
  });

  test('fees on locked bills stand and the rest is spread over the others', () => {
    const first = billed(alone(commitment('term', 12000, QUARTERLY)), ['2025-04-01']).facts;
    const locked = {
      ...first,
      bills: first.bills.map((bill) => ({ ...bill, locked: true })),
      commitments: first.commitments.map((row) => ({ ...row, amount: decimal(9000) })),
    };
    // 9000 - 3000 = 6000 in three parts.
    expect(feesOf(locked, ['2025-04-01', '2025-07-01', '2025-10-01', '2026-01-01'])).toEqual([
      '2025-07-01 2000.00',
      '2025-10-01 2000.00',
      '2026-01-01 2000.00',
    ]);
  });

  test('when every bill with a fee is locked, the next bill takes the rest once', () => {
    const first = billed(alone(commitment('term', 12000, QUARTERLY)), ['2025-04-01']).facts;
    const ended = {
      ...first,
      bills: first.bills.map((bill) => ({ ...bill, locked: true })),
      commitments: first.commitments.map((row) => ({ ...row, endDate: day('2025-04-01') })),
    };
    expect(feesOf(ended, ['2025-05-01', '2025-06-01'])).toEqual(['2025-05-01 9000.00']);
  });
});

describe('spec 50 §4.6: agreed dates', () => {
  const entry = (date: string, amount: number) => ({
    date: day(date),
    amount: decimal(amount),
    servicePeriodStartDate: at('2025-01-01'),
    servicePeriodEndDate: at('2025-07-01'),
  });
  const row = commitment('term', 12000, {
    feeDates: [entry('2025-03-10', 300), entry('2025-03-10', 200), entry('2025-05-01', 100)],
    amountFirstBill: decimal(5),
  });

  test('each entry is a line on the bill of its date', () => {
    expect(feeTexts(billed(alone(row), ['2025-03-10', '2025-05-01']).bills)).toEqual([
      '2025-03-10: 2025-01-01..2025-07-01 Prepayment Fee (account-wide): 300.00 USD',
      '2025-03-10: 2025-01-01..2025-07-01 Prepayment Fee (account-wide): 200.00 USD',
      '2025-05-01: 2025-01-01..2025-07-01 Prepayment Fee (account-wide): 100.00 USD',
    ]);
  });

  test('the next bill takes what no bill of its date could', () => {
    expect(feesOf(alone(row), ['2025-04-01', '2025-05-01'])).toEqual([
      '2025-04-01 300.00',
      '2025-04-01 200.00',
      '2025-05-01 100.00',
    ]);
  });

  test('a bill that is calculated again keeps its fees, once', () => {
    const first = billed(alone(row), ['2025-04-01']);
    expect(feesOf(first.facts, ['2025-04-01', '2025-04-01'])).toEqual(
      feesOf(alone(row), ['2025-04-01', '2025-04-01']),
    );
    expect(feesOf(first.facts, ['2025-05-01'])).toEqual(['2025-05-01 100.00']);
  });
});

test('a fee follows its contract to a bill of its own', () => {
  const given = facts({
    commitments: [commitment('term', 12000, { ...MONTHLY, contractId: 'terms' })],
    contracts: [contract('terms', { billGroupingKey: { id: 'key', exclusive: true } })],
    accountPlans: [accountPlan('ap', { startDate: at('2025-01-01') })],
    pricings: [pricing('price')],
  });
  const { bills } = billed(given, ['2025-02-01']);
  expect(bills.map((bill) => [bill.identity.groupKey, bill.billTotal.toFixed()])).toEqual([
    ['default', '0'],
    ['contract:terms', '1000'],
  ]);
});

test('a fee in another currency is converted, and fails the bill without a rate', () => {
  const row = commitment('term', 1200, { ...MONTHLY, currency: 'EUR' });
  const rates = [{ from: 'EUR', to: 'USD', multiplier: decimal('1.1') }];
  const given = alone(row, { organization: organization({ currencyConversions: rates }) });
  expect(billed(given, ['2025-02-01']).bills[0]?.billTotal.toFixed(2)).toBe('110.00');
  const { failed } = calculated({ ...alone(row), target: billsOf('2025-02-01') });
  expect(failed[0]?.failure).toMatchObject({ kind: 'NoConversionRate', from: 'EUR', to: 'USD' });
});
