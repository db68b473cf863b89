import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  at,
  billsOf,
  contract,
  createTarget,
  cycle,
  day,
  facts,
  organization,
  plan,
  template,
} from '../../../test/support/bill-facts.ts';
import { billText, calculated, jobs, stored } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { DraftBill } from './bill.ts';
import { dueBills } from './due-bills.ts';
import type { BillFacts, PlanTemplateFacts } from './facts.ts';

/** The due bills as `date frequency group`. */
function due(rows: Partial<BillFacts>): readonly string[] {
  return dueBills(facts(rows)).map(({ identity, kept }) =>
    [`${identity.gridDate}`, identity.frequencyKey, identity.groupKey, ...(kept ? ['locked'] : [])].join(' '),
  );
}

function single(fields: Partial<PlanTemplateFacts>): Partial<BillFacts> {
  return { planTemplates: [template('monthly', fields)] };
}

describe('which date a target means (spec 40 §8.1)', () => {
  const inAdvance = { standingCharge: decimal(5), standingChargeBillInAdvance: true };
  const rows: readonly [string, Partial<PlanTemplateFacts>, Partial<BillFacts>, readonly string[]][] = [
    ['the last date of a period', {}, { target: billsOf('2024-06-01') }, ['2024-06-01']],
    ['a last date that no period has', {}, { target: billsOf('2024-06-02') }, []],
    ['the start date in arrears', {}, { target: billsOf('2024-05-01') }, []],
    ['the start date in advance', inAdvance, { target: billsOf('2024-05-01') }, ['2024-05-01']],
    ['a bill date', {}, { target: createTarget({ billDate: day('2024-06-01') }) }, ['2024-06-01']],
    ['a date within a period', {}, { target: createTarget({ billDate: day('2024-06-02') }) }, ['2024-07-01']],
    ['a date before the start', {}, { target: createTarget({ billDate: day('2024-04-30') }) }, []],
    [
      'the start date in arrears as a date within its period',
      {},
      { target: createTarget({ billDate: day('2024-05-01') }) },
      ['2024-06-01'],
    ],
    [
      'the start date in advance as a bill date',
      inAdvance,
      { target: createTarget({ billDate: day('2024-05-01') }) },
      ['2024-05-01'],
    ],
    [
      'today, when nothing is said',
      {},
      { target: createTarget({ now: at('2024-06-10T12:00:00Z') }) },
      ['2024-07-01'],
    ],
    [
      'today in the zone of the job',
      {},
      { target: createTarget({ now: at('2024-05-31T23:30:00Z'), timezone: 'Asia/Tokyo' }) },
      ['2024-06-01'],
    ],
    [
      'a date before the epoch: the first bill is on the epoch',
      {},
      {
        accountPlans: [accountPlan('ap', { billEpoch: day('2024-07-20') })],
        target: createTarget({ billDate: day('2024-05-10') }),
      },
      ['2024-07-20'],
    ],
    [
      'a date after the end, still in the last period',
      {},
      {
        accountPlans: [accountPlan('ap', { endDate: at('2024-05-20') })],
        target: createTarget({ billDate: day('2024-05-25') }),
      },
      ['2024-06-01'],
    ],
    [
      'a date after the last period',
      {},
      {
        accountPlans: [accountPlan('ap', { endDate: at('2024-05-20') })],
        target: createTarget({ billDate: day('2024-06-02') }),
      },
      [],
    ],
  ];

  test.each(rows)('%s', (_name, fields, given, expected) => {
    const dates = due({ ...single(fields), ...given }).map((text) => text.split(' ')[0]);
    expect(dates).toEqual(expected);
  });
});

describe('the epoch (spec 40 §3.3)', () => {
  const [ofPlan, ofAccount, ofJob] = [day('2024-01-05'), day('2024-01-10'), day('2024-01-15')];
  test.each([
    [ofPlan, ofAccount, ofJob, '2024-06-05'],
    [null, ofAccount, ofJob, '2024-06-10'],
    [null, null, ofJob, '2024-06-15'],
    [null, null, null, '2024-07-01'],
  ])('account plan %s, account %s, job %s', (plans, accounts, job, expected) => {
    const base = facts();
    const rows = {
      accountPlans: [accountPlan('ap', { billEpoch: plans })],
      accounts: base.accounts.map((row) => ({ ...row, billEpoch: accounts })),
      target: createTarget({ billDate: day('2024-06-02'), monthEpoch: job }),
    };
    expect(due(rows)).toEqual([`${expected} MONTHLY/1 default`]);
  });
});

describe('frequencies (spec 40 §4.2)', () => {
  const base: Partial<BillFacts> = {
    accountPlans: [
      accountPlan('m', { planId: 'pm', startDate: at('2024-01-01') }),
      accountPlan('y', { planId: 'py', startDate: at('2024-01-01') }),
      accountPlan('q', { planId: 'pq', startDate: at('2024-01-01') }),
      accountPlan('x', { planId: 'px', startDate: at('2024-01-01') }),
    ],
    plans: [plan('pm', 'm'), plan('py', 'y'), plan('pq', 'q'), plan('px', 'x')],
    planTemplates: [
      cycle('m', 'MONTHLY'),
      cycle('y', 'ANNUALLY'),
      cycle('q', 'MONTHLY', { billFrequencyInterval: 3 }),
      template('x', { billFrequency: 'AD_HOC' }),
    ],
  };
  const all = [
    '2025-01-01 MONTHLY/1 default',
    '2025-01-01 MONTHLY/3 default',
    '2025-01-01 ANNUALLY/1 default',
  ];

  test.each([
    ['all of a date, shorter ones first', {}, false, all],
    ['one frequency', { billingFrequency: 'MONTHLY' }, false, all.slice(0, 2)],
    ['one interval', { billingFrequency: 'MONTHLY', billFrequencyInterval: 3 }, false, all.slice(1, 2)],
    [
      'plans without a cycle when named',
      { billingFrequency: 'AD_HOC' },
      false,
      ['2025-01-01 AD_HOC default'],
    ],
    ['one consolidated bill', { billingFrequency: 'ANNUALLY' }, true, ['2025-01-01 CONSOLIDATED default']],
  ] as const)('%s', (_name, fields, consolidateBills, expected) => {
    const rows = {
      ...base,
      organization: organization({ consolidateBills }),
      target: billsOf('2025-01-01', fields),
    };
    expect(due(rows)).toEqual(expected);
  });

  test('a consolidated bill holds everything of its date, whatever made it due', () => {
    const given = facts({
      ...base,
      organization: organization({ consolidateBills: true }),
      planTemplates: (base.planTemplates ?? []).map((row) => ({ ...row, standingCharge: decimal(10) })),
      target: billsOf('2025-01-01', { billingFrequency: 'ANNUALLY' }),
    });
    const [bill] = calculated(given).bills;
    expect(bill?.lines.map((line) => line.planId)).toEqual(['pm', 'pq', 'py']);
  });
});

test('plans without a cycle are billed from their last bill on', () => {
  const given = facts({
    planTemplates: [template('monthly', { billFrequency: 'AD_HOC', standingCharge: decimal(10) })],
    target: createTarget({ billDate: day('2024-06-10'), billingFrequency: 'AD_HOC' }),
  });
  const first = calculated(given).bills;
  const target = createTarget({ billDate: day('2024-08-03'), billingFrequency: 'AD_HOC' });
  const second = calculated({ ...given, bills: stored(first), target }).bills;
  const texts = [...first, ...second].map((bill) =>
    [bill.startDate, bill.endDate, bill.billingFrequency, bill.billTotal, bill.externalInvoiceDate].join(' '),
  );
  expect(texts).toEqual([
    '2024-05-01 2024-06-10 AD_HOC 10 2024-06-10',
    '2024-06-10 2024-08-03 AD_HOC 10 2024-08-03',
  ]);
});

test('contracts with a key have bills of their own, shared unless the key is exclusive', () => {
  const key = (id: string, exclusive: boolean) => ({ billGroupingKey: { id, exclusive } });
  const ids = ['a', 'b', 'c', 'd'];
  const rows: Partial<BillFacts> = {
    contracts: [
      contract('a', key('shared', false)),
      contract('b', key('shared', false)),
      contract('c', { ...key('own', true), purchaseOrderNumber: 'PO-C' }),
      contract('d'),
    ],
    accountPlans: ids.map((id) => accountPlan(`ap-${id}`, { contractId: id })),
  };
  expect(due(rows)).toEqual([
    '2024-06-01 MONTHLY/1 contract:c',
    '2024-06-01 MONTHLY/1 default',
    '2024-06-01 MONTHLY/1 key:shared',
  ]);
  expect(calculated(facts(rows)).bills.map((bill) => bill.purchaseOrderNumber)).toEqual(['PO-C', null, null]);
});

test('a locked bill is named as due and is not calculated', () => {
  const bills = stored(calculated(facts()).bills).map((bill) => ({ ...bill, locked: true }));
  expect(due({ bills })).toEqual(['2024-06-01 MONTHLY/1 default locked']);
  expect(calculated(facts({ bills })).bills).toEqual([]);
});

test('a date stamped by a job does not change which bill it is, and recalculation keeps it', () => {
  const target = billsOf('2024-06-01', {
    billDate: day('2024-06-05'),
    dueDate: day('2024-06-30'),
    targetCurrency: 'USD',
  });
  const made = calculated(facts({ target })).bills;
  const bills = stored(made);
  const again = calculated(
    facts({
      bills,
      target: { kind: 'RECALCULATE', now: at('2024-06-10'), billIds: bills.map((bill) => bill.id) },
    }),
  ).bills;
  const texts = [...made, ...again].map(
    (bill) => `${bill.identity.gridDate} ${bill.billDate} ${bill.dueDate}`,
  );
  expect(texts).toEqual(['2024-06-01 2024-06-05 2024-06-30', '2024-06-01 2024-06-05 2024-06-30']);
  expect(again[0]?.existingBillId).toBe(bills[0]?.id);
});

test('recalculation keeps the period of a bill whose epoch has moved', () => {
  const given = facts({ planTemplates: [template('monthly', { standingCharge: decimal(31) })] });
  const bills = stored(calculated(given).bills);
  const moved = {
    ...given,
    accountPlans: [accountPlan('ap', { billEpoch: day('2024-01-15') })],
    bills,
    target: { kind: 'RECALCULATE', now: at('2024-06-10'), billIds: bills.map((bill) => bill.id) } as const,
  };
  const [bill] = calculated(moved).bills;
  // 1 to 15 May is 14/30 of 15 April to 15 May, 15 May to 1 June 17/31: 31 × (14/30 + 17/31) = 31.47
  expect(`${bill?.startDate} ${bill?.endDate} ${bill?.billTotal}`).toBe('2024-05-01 2024-06-01 31.47');
});

describe('days that other bills hold', () => {
  const given = facts({ planTemplates: [template('monthly', { standingCharge: decimal(31) })] });
  const moved = { accountPlans: [accountPlan('ap', { billEpoch: day('2024-01-15') })] };

  test('a date inside the period of another bill is not billed again', () => {
    // June is billed up to 1 July although it still runs; the epoch moves to the 15th
    const bills = stored(calculated({ ...given, target: billsOf('2024-07-01') }).bills);
    expect(due({ ...given, ...moved, bills, target: billsOf('2024-06-15') })).toEqual([]);
    expect(due({ ...given, ...moved, bills, target: billsOf('2024-07-15') })).toHaveLength(1);
  });

  test('the period of an existing bill stays when the bill before it is deleted', () => {
    const june = stored(calculated({ ...given, target: billsOf('2024-06-01') }).bills);
    const target = billsOf('2024-06-15');
    const made = calculated({ ...given, ...moved, bills: june, target }).bills;
    const again = calculated({ ...given, ...moved, bills: stored(made), target }).bills;
    // 1 to 15 June is 14/31 of the cell 15 May to 15 June: 31 × 14/31 = 14
    const texts = [...made, ...again].map((bill) => `${bill.startDate} ${bill.endDate} ${bill.billTotal}`);
    expect(texts).toEqual(['2024-06-01 2024-06-15 14', '2024-06-01 2024-06-15 14']);
  });
});

test('a recalculated bill of a former epoch opens a period only as far as the next bill', () => {
  const given = facts({
    planTemplates: [template('monthly', { standingCharge: decimal(31), standingChargeBillInAdvance: true })],
  });
  const made = jobs(given, [billsOf('2024-05-01'), billsOf('2024-06-01')]).map(stored);
  const moved = {
    ...given,
    accountPlans: [accountPlan('ap', { billEpoch: day('2024-01-15') })],
    bills: made.flat(),
    target: { kind: 'RECALCULATE', now: at('2024-06-10'), billIds: [made[1]?.[0]?.id ?? ''] } as const,
  };
  // 1 to 15 June: 31 × 14/31 = 14; the bill of 15 June goes on from there
  expect(calculated(moved).bills.map(billText)).toEqual([
    ['STANDING_CHARGE 2024-06-01..2024-06-15 Standing Charge: 14.00 USD', 'TOTAL 14.00 USD'],
  ]);
});

describe('a plan that changed after it was billed (spec 40 §3.4, §7.5)', () => {
  const monthly = template('monthly', { standingCharge: decimal(31) });
  const given = facts({
    accountPlans: [accountPlan('ap', { startDate: at('2024-01-01') })],
    planTemplates: [monthly],
  });
  const changes: readonly [string, Partial<PlanTemplateFacts>, string][] = [
    // Weeks from Tuesdays: 1 May to 1 June are 31/7 weeks of 31 each = 137.29
    ['WEEKLY', { billFrequency: 'WEEKLY' }, '137.29'],
    // 30 of the 91 days of April to June and one more: 31 × 31/91 = 10.56
    ['every third month', { billFrequencyInterval: 3 }, '10.56'],
    // 2024 has 366 days: 31 × 31/366 = 2.63
    ['ANNUALLY', { billFrequency: 'ANNUALLY' }, '2.63'],
    ['AD_HOC', { billFrequency: 'AD_HOC' }, '31.00'],
  ];

  function recalculated(change: Partial<BillFacts>): readonly string[] {
    const existing = stored(jobs(given, [billsOf('2024-05-01'), billsOf('2024-06-01')]).flat());
    const target = { kind: 'RECALCULATE', now: at('2024-06-10'), billIds: [existing[1]?.id ?? ''] } as const;
    const { bills } = calculated({ ...given, bills: existing, target, ...change });
    return bills.map(headline);
  }

  function headline(bill: DraftBill): string {
    const { identity, startDate, endDate, billTotal } = bill;
    const [part] = bill.periods;
    const period = part?.period === null ? 'opened' : `${part?.period.start}..${part?.period.end}`;
    return `${identity.frequencyKey} ${startDate}..${endDate} ${period} ${billTotal.toFixed(2)}`;
  }

  test.each(changes)('a bill recalculated as %s keeps its period', (_name, fields, total) => {
    const change = { planTemplates: [{ ...monthly, ...fields }] };
    expect(recalculated(change)).toEqual([
      `MONTHLY/1 2024-05-01..2024-06-01 2024-05-01..2024-06-01 ${total}`,
    ]);
  });

  test('a bill keeps the plan whose contract is billed apart from now on', () => {
    const change = {
      contracts: [contract('c', { billGroupingKey: { id: 'k', exclusive: true } })],
      accountPlans: [accountPlan('ap', { startDate: at('2024-01-01'), contractId: 'c' })],
    };
    expect(recalculated(change)).toEqual(['MONTHLY/1 2024-05-01..2024-06-01 2024-05-01..2024-06-01 31.00']);
    const bills = stored(jobs(given, [billsOf('2024-06-01')]).flat());
    expect(due({ ...given, ...change, bills, target: billsOf('2024-06-01') })).toEqual([]);
    expect(due({ ...given, ...change, bills, target: billsOf('2024-07-01') })).toEqual([
      '2024-07-01 MONTHLY/1 contract:c',
    ]);
  });

  test('a bill on a date of the grid before a later epoch keeps its period', () => {
    const change = {
      accountPlans: [accountPlan('ap', { startDate: at('2024-01-01'), billEpoch: day('2024-09-01') })],
    };
    expect(recalculated(change)).toEqual(['MONTHLY/1 2024-05-01..2024-06-01 2024-05-01..2024-06-01 31.00']);
  });

  test('a date that the former frequency has closed is not closed again', () => {
    const bills = [billsOf('2024-06-01'), billsOf('2024-07-01')];
    const quarterly = { planTemplates: [{ ...monthly, billFrequencyInterval: 3 }] };
    // July to September is a whole quarter: 31
    const made = jobs(given, [...bills, [billsOf('2024-07-01'), quarterly], billsOf('2024-10-01')]);
    expect(made.slice(2).map((of) => of.map(headline))).toEqual([
      [],
      ['MONTHLY/3 2024-07-01..2024-10-01 2024-07-01..2024-10-01 31.00'],
    ]);
  });

  test('what the former frequency has charged in advance is left out of the new one', () => {
    const advance = { ...monthly, standingChargeBillInAdvance: true };
    const quarterly = { planTemplates: [{ ...advance, billFrequencyInterval: 3 }] };
    const made = jobs({ ...given, planTemplates: [advance] }, [
      billsOf('2024-07-01'),
      [billsOf('2024-07-01'), quarterly],
    ]);
    // July is paid; August and September are 61 of 92 days: 31 × 61/92 = 20.55
    expect(made[1]?.map(billText)).toEqual([
      ['STANDING_CHARGE 2024-08-01..2024-10-01 Standing Charge: 20.55 USD', 'TOTAL 20.55 USD'],
    ]);
  });

  test('a plan that gets a cycle takes over from its last bill without one', () => {
    const adHoc = { ...given, planTemplates: [template('monthly', { billFrequency: 'AD_HOC' })] };
    const target = createTarget({ billDate: day('2024-06-11'), billingFrequency: 'AD_HOC' });
    const [bills] = jobs(adHoc, [target]).map(stored);
    const recalculate = {
      kind: 'RECALCULATE',
      now: at('2024-06-12'),
      billIds: [bills?.[0]?.id ?? ''],
    } as const;
    const made = jobs({ ...adHoc, bills: bills ?? [] }, [
      [recalculate, { planTemplates: [monthly] }],
      billsOf('2024-07-01'),
    ]);
    // Five months and 10 of 30 days: 165.33; the 20 that are left: 20.67
    expect(made.map((of) => of.map(headline))).toEqual([
      ['AD_HOC 2024-01-01..2024-06-11 2024-01-01..2024-06-11 165.33'],
      ['MONTHLY/1 2024-06-11..2024-07-01 2024-06-11..2024-07-01 20.67'],
    ]);
  });
});
