import { describe, expect, test } from 'vitest';
import { balance } from '../../../../test/support/balance-facts.ts';
import {
  account,
  accountPlan,
  at,
  billsOf,
  child,
  contract,
  createTarget,
  day,
  facts,
  organization,
  plan,
  pricing,
  template,
} from '../../../../test/support/bill-facts.ts';
import { calculated, jobs, lineText, type Measured, stored } from '../../../../test/support/bill-story.ts';
import { commitment, MONTHLY } from '../../../../test/support/commitment-facts.ts';
import { decimal } from '../../../kernel/decimal.ts';
import type { DraftBill } from '../bill.ts';
import type { BillFacts, ChargeFacts } from '../facts.ts';

/** A charge of 10.00 USD for May 2024, billed on 1 June. */
function charge(id: string, fields: Partial<ChargeFacts> = {}): ChargeFacts {
  return {
    id,
    accountId: 'acme',
    lineItemType: 'AD_HOC',
    description: id,
    balanceId: null,
    currency: 'USD',
    amount: decimal(10),
    units: null,
    unitPrice: null,
    servicePeriodStartDate: at('2024-05-01'),
    servicePeriodEndDate: at('2024-06-01'),
    billDate: day('2024-06-01'),
    accountingProductId: null,
    contractId: null,
    billId: null,
    ...fields,
  };
}

const NO_PLANS = { accountPlans: [], plans: [], planTemplates: [] };

/** Each bill as its frequency, date and charges. */
function texts(bills: readonly DraftBill[]): readonly string[] {
  return bills.map(({ identity, billingFrequency, lines }) => {
    const charges = lines.filter((line) => line.chargeId !== null).map((line) => line.description);
    return [identity.accountId, billingFrequency, identity.gridDate, ...charges].join(' ');
  });
}

function billed(rows: Partial<BillFacts>): readonly string[] {
  return texts(calculated(facts(rows)).bills);
}

describe('lines', () => {
  const lines = (rows: readonly ChargeFacts[], more: Partial<BillFacts> = {}) =>
    calculated(facts({ ...NO_PLANS, charges: rows, ...more })).bills.flatMap((bill) => bill.lines);

  test('an amount, units at a price, a credit and 0 are all written', () => {
    const byUnits = { amount: null, units: decimal(4), unitPrice: decimal('2.5') };
    const rows = [
      charge('a'),
      charge('b', byUnits),
      charge('c', { amount: decimal(-25) }),
      charge('d', { amount: decimal(0) }),
    ];
    expect(lines(rows).map((line) => lineText(line))).toEqual([
      'AD_HOC 2024-05-01..2024-06-01 a: 10.00 USD',
      'AD_HOC 2024-05-01..2024-06-01 b: 10.00 USD',
      'AD_HOC 2024-05-01..2024-06-01 c: -25.00 USD',
      'AD_HOC 2024-05-01..2024-06-01 d: 0.00 USD',
    ]);
    expect(lines(rows)[1]).toMatchObject({ unit: '', chargeId: 'b' });
    const { quantity, units, averageUnitPrice } = lines(rows)[1] ?? {};
    expect([quantity, units, averageUnitPrice].map(String)).toEqual(['4', '4', '2.5']);
  });

  test('fees of balances follow the other charges, whatever their texts', () => {
    const fee = charge('a', { lineItemType: 'BALANCE_FEE', balanceId: 'w' });
    const rows = lines([fee, charge('b')], { balances: [balance('w', 0)] });
    expect(rows.map((line) => line.lineItemType)).toEqual(['AD_HOC', 'BALANCE_FEE']);
  });

  test('units at a price are rounded once', () => {
    // 3 x 0.335 = 1.005
    const row = charge('a', { amount: null, units: decimal(3), unitPrice: decimal('0.335') });
    expect(lines([row])[0]?.subtotal.toFixed()).toBe('1.01');
  });

  test('a charge in another currency is converted, or fails the bill', () => {
    const rate = { from: 'EUR', to: 'USD', multiplier: decimal('1.1') };
    const rows = [charge('a', { currency: 'EUR' })];
    const configured = { organization: organization({ currencyConversions: [rate] }) };
    expect(lineText(lines(rows, configured)[0] as never)).toBe(
      'AD_HOC 2024-05-01..2024-06-01 a: 10.00 EUR -> 11.00',
    );
    const { failed, bills } = calculated(facts({ ...NO_PLANS, charges: rows }));
    expect(bills).toEqual([]);
    expect(failed[0]?.failure).toMatchObject({ kind: 'NoConversionRate', from: 'EUR', to: 'USD' });
  });

  test('a balance pays for a charge by itself, and never for the fee of a balance', () => {
    const fee = charge('fee', { lineItemType: 'BALANCE_FEE', balanceId: 'purse' });
    const found = lines([charge('a'), fee], { balances: [balance('purse', 100)] });
    expect(found.map((line) => `${line.lineItemType} ${line.subtotal.toFixed(2)}`)).toEqual([
      'AD_HOC 10.00',
      'BALANCE_FEE 10.00',
      'BALANCE_CONSUMED -10.00',
    ]);
  });
});

describe('bills', () => {
  test('a charge joins the bill of its date', () => {
    expect(billed({ charges: [charge('a')] })).toEqual(['acme MONTHLY 2024-06-01 a']);
  });

  test('without any other item it has a bill of its own, for the time of its service', () => {
    const rows = [charge('a'), charge('b', { servicePeriodEndDate: at('2024-07-10') })];
    const [bill] = calculated(facts({ ...NO_PLANS, charges: rows })).bills;
    expect(texts(bill ? [bill] : [])).toEqual(['acme AD_HOC 2024-06-01 a b']);
    expect(`${bill?.startDate} ${bill?.endDate} ${bill?.billDate} ${bill?.externalInvoiceDate}`).toBe(
      '2024-05-01 2024-07-10 2024-06-01 2024-06-01',
    );
  });

  test('of several bills of a date it joins the one of the shortest frequency', () => {
    const weekly = template('weekly', { billFrequency: 'WEEKLY' });
    const rows = {
      planTemplates: [template('monthly'), weekly],
      plans: [plan('pro', 'monthly'), plan('lite', 'weekly')],
      accountPlans: [accountPlan('ap'), accountPlan('ap2', { planId: 'lite', billEpoch: day('2024-06-01') })],
      charges: [charge('a')],
    };
    expect(billed(rows)).toEqual(['acme WEEKLY 2024-06-01 a', 'acme MONTHLY 2024-06-01']);
  });

  test('a job of one frequency leaves a charge for the bill that it belongs on', () => {
    const given = facts({
      planTemplates: [template('monthly'), template('annual', { billFrequency: 'ANNUALLY' })],
      plans: [plan('pro', 'monthly'), plan('lite', 'annual')],
      accountPlans: [accountPlan('ap'), accountPlan('ap2', { planId: 'lite' })],
      charges: [charge('a', { billDate: day('2025-01-01') })],
    });
    const annual = billsOf('2025-01-01', { billingFrequency: 'ANNUALLY' });
    const monthly = billsOf('2025-01-01', { billingFrequency: 'MONTHLY' });
    const adHoc = billsOf('2025-01-01', { billingFrequency: 'AD_HOC' });
    expect(jobs(given, [annual, adHoc, monthly]).map(texts)).toEqual([
      ['acme ANNUALLY 2025-01-01'],
      [],
      ['acme MONTHLY 2025-01-01 a'],
    ]);
    const late = { ...given, charges: [charge('a', { billDate: day('2024-12-20') })] };
    expect(jobs(late, [annual]).map(texts)).toEqual([['acme ANNUALLY 2025-01-01 a']]);
  });

  test('with consolidation a charge alone makes the one bill of its date due', () => {
    const rows = {
      organization: organization({ consolidateBills: true }),
      charges: [charge('a')],
      target: billsOf('2024-06-01', { billingFrequency: 'AD_HOC' }),
    };
    expect(billed(rows)).toEqual(['acme MONTHLY 2024-06-01 a']);
    const other = { target: billsOf('2024-06-01', { billingFrequency: 'ANNUALLY' }) };
    expect(billed({ ...rows, ...other })).toEqual([]);
  });

  test.each([
    ['2024-05-20', ['acme MONTHLY 2024-06-01 a']],
    ['2024-06-02', ['acme MONTHLY 2024-06-01']],
  ])('a charge dated %s is on %j', (date, expected) => {
    expect(billed({ charges: [charge('a', { billDate: day(date) })] })).toEqual(expected);
  });

  test('an overdue charge waits while its own bill may still be written', () => {
    const accountPlans = [accountPlan('ap', { startDate: at('2024-01-01') })];
    const first = calculated(facts({ accountPlans, target: billsOf('2024-05-01') })).bills;
    const late = [charge('a', { billDate: day('2024-05-01') })];
    expect(billed({ accountPlans, charges: late, bills: stored(first) })).toEqual([
      'acme MONTHLY 2024-06-01',
    ]);
    const locked = stored(first).map((bill) => ({ ...bill, locked: true }));
    expect(billed({ accountPlans, charges: late, bills: locked })).toEqual(['acme MONTHLY 2024-06-01 a']);
  });

  test.each([
    ['MONTHLY', []],
    ['AD_HOC', ['acme AD_HOC 2024-06-01 a']],
    [null, ['acme AD_HOC 2024-06-01 a']],
  ] as const)('a job for %s makes %j of a charge alone', (billingFrequency, expected) => {
    const target = billsOf('2024-06-01', { billingFrequency });
    expect(billed({ ...NO_PLANS, charges: [charge('a')], target })).toEqual(expected);
  });

  test('a job for a day in the middle of a period bills the charge of that day by itself', () => {
    const target = createTarget({ billDate: day('2024-05-15') });
    const rows = { charges: [charge('a', { billDate: day('2024-05-15') })], target };
    expect(billed(rows)).toEqual(['acme AD_HOC 2024-05-15 a', 'acme MONTHLY 2024-06-01']);
  });

  test('with an exclusive contract it is on the bill of that contract', () => {
    const key = { id: 'key', exclusive: true };
    const rows = {
      contracts: [contract('terms', { billGroupingKey: key })],
      charges: [charge('a', { contractId: 'terms' })],
    };
    expect(billed(rows)).toEqual(['acme MONTHLY 2024-06-01', 'acme AD_HOC 2024-06-01 a']);
  });

  test('a child has its charges on its own bill', () => {
    const rows = { accounts: [account('acme'), child('kid', 'acme')] };
    expect(billed({ ...rows, charges: [charge('a', { accountId: 'kid' })] })).toEqual([
      'acme MONTHLY 2024-06-01',
      'kid AD_HOC 2024-06-01 a',
    ]);
  });

  describe('of a child that shares the block of its parent', () => {
    const rows: Partial<BillFacts> = {
      accounts: [account('acme'), child('kid', 'acme')],
      accountPlans: [accountPlan('ap', { childBillingMode: 'CHILD' })],
      pricings: [pricing('p')],
      charges: [charge('a', { accountId: 'kid' })],
    };
    const used = [{ account: 'kid', at: '2024-05-10', value: 7 }];
    const made = (fields: Partial<BillFacts>, usage: readonly Measured[]) =>
      texts(calculated(facts({ ...rows, ...fields }), usage).bills);
    const monthly = billsOf('2024-06-01', { billingFrequency: 'MONTHLY' });

    test('a charge joins the bill of its share', () => {
      const expected = ['acme MONTHLY 2024-06-01', 'kid MONTHLY 2024-06-01 a'];
      expect(made({}, used)).toEqual(expected);
      expect(made({ target: monthly }, used)).toEqual(expected);
      const late = { charges: [charge('a', { accountId: 'kid', billDate: day('2024-05-20') })] };
      expect(made(late, used)).toEqual(expected);
    });

    test('without a share it has a bill of its own, if the job asks for such bills', () => {
      expect(made({}, [])).toEqual(['acme MONTHLY 2024-06-01', 'kid AD_HOC 2024-06-01 a']);
      expect(made({ target: monthly }, [])).toEqual(['acme MONTHLY 2024-06-01']);
    });

    test('a charge stays on the bill of its own when there is a share later', () => {
      const first = stored(calculated(facts(rows)).bills);
      const billId = first.find((bill) => bill.identity.frequencyKey === 'AD_HOC')?.id ?? '';
      const charges = [charge('a', { accountId: 'kid', billId }), charge('b', { accountId: 'kid' })];
      expect(made({ charges, bills: first }, used)).toEqual([
        'acme MONTHLY 2024-06-01',
        'kid MONTHLY 2024-06-01',
        'kid AD_HOC 2024-06-01 a b',
      ]);
    });

    test('a fee of the child joins it too', () => {
      const fee = {
        ...MONTHLY,
        accountId: 'kid',
        childBillingMode: 'CHILD',
        startDate: day('2024-05-01'),
      } as const;
      const commitments = [commitment('term', 100, { ...fee, endDate: day('2024-06-01') })];
      const { bills } = calculated(facts({ ...rows, charges: [], commitments }), used);
      // 7 of usage, a fee of 100, 7 drawn
      expect(bills.map((bill) => `${bill.billingFrequency} ${bill.billTotal}`)).toEqual([
        'MONTHLY 0',
        'MONTHLY 100',
      ]);
    });
  });

  test('a recalculated bill keeps its charge until that is dated later, and takes new ones', () => {
    const first = calculated(facts({ ...NO_PLANS, charges: [charge('a')] })).bills;
    const bills = stored(first);
    const billId = bills[0]?.id ?? '';
    const target = { kind: 'RECALCULATE', now: at('2024-06-10'), billIds: [billId] } as const;
    const again = (rows: readonly ChargeFacts[]) => billed({ ...NO_PLANS, charges: rows, bills, target });
    expect(again([charge('a', { billId }), charge('b')])).toEqual(['acme AD_HOC 2024-06-01 a b']);
    const moved = charge('a', { billId, billDate: day('2024-07-01') });
    expect(again([moved])).toEqual(['acme AD_HOC 2024-06-01']);
  });
});
