import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dueBills } from '../../src/engine/billing/due-bills.ts';
import type { BillFacts, CreateTarget } from '../../src/engine/billing/facts.ts';
import { decimal, maxOf, sumOf } from '../../src/kernel/decimal.ts';
import { writeJsonWithNulls } from '../../src/kernel/json.ts';
import {
  account,
  accountPlan,
  adjustments,
  aggregation,
  at,
  billsOf,
  child,
  counterPricing,
  day,
  facts,
  organization,
  plan,
  planGroup,
  pricing,
  template,
} from '../support/bill-facts.ts';
import { calculated, jobs, type Measured, stored } from '../support/bill-story.ts';

const flag = fc.boolean();
const amount = fc.integer({ min: 0, max: 50_000 }).map((cents) => decimal(cents).dividedBy(100));
const accountIds = ['acme', 'a', 'b'];

const measurements: fc.Arbitrary<readonly Measured[]> = fc.array(
  fc.record({
    account: fc.constantFrom(...accountIds),
    of: fc.constantFrom('x', 'y'),
    at: fc.integer({ min: 0, max: 60 }).map((days) => day('2024-04-20').add({ days }).toString()),
    value: fc.integer({ min: 0, max: 400 }),
  }),
  { maxLength: 12 },
);

/** A parent with two children, three attachments of which one is a group, floors, credits and a counter. */
const units: fc.Arbitrary<BillFacts> = fc
  .record({
    standing: amount,
    minimum: amount,
    groupMinimum: amount,
    pricingMinimum: amount,
    inAdvance: flag,
    consolidateBills: flag,
    spans: flag,
    mode: fc.constantFrom('PARENT_BREAKDOWN', 'PARENT_SUMMARY', 'CHILD' as const),
    start: fc.integer({ min: 0, max: 40 }).map((days) => day('2024-04-01').add({ days }).toString()),
  })
  .map((given) =>
    facts({
      organization: organization({
        consolidateBills: given.consolidateBills,
        currencyConversions: [{ from: 'EUR', to: 'USD', multiplier: decimal('1.0837') }],
      }),
      products: [
        { id: 'core', name: 'Core', code: 'core' },
        { id: 'extra', name: 'Extra', code: 'extra' },
      ],
      accounts: [account('acme'), child('a', 'acme'), child('b', 'acme')],
      aggregations: [aggregation('x'), aggregation('y')],
      planTemplates: [
        template('monthly', {
          standingCharge: given.standing,
          standingChargeBillInAdvance: given.inAdvance,
          minimumSpend: given.minimum,
          minimumSpendBillInAdvance: given.inAdvance,
        }),
        template('weekly', {
          productId: 'extra',
          currency: 'EUR',
          billFrequency: 'WEEKLY',
          standingCharge: given.standing,
        }),
      ],
      plans: [plan('pro', 'monthly'), plan('side', 'weekly')],
      planGroups: [planGroup('g', ['pro', 'side'], { minimumSpend: given.groupMinimum })],
      accountPlans: [
        accountPlan('parent', { startDate: at(given.start), childBillingMode: given.mode }),
        accountPlan('own', { accountId: 'a', startDate: at('2024-04-25'), childBillingMode: given.mode }),
        accountPlan('group', { accountId: 'b', planGroupId: 'g', startDate: at('2024-04-01') }),
      ],
      pricings: [
        pricing(
          'px',
          { aggregationId: 'x', minimumSpend: given.pricingMinimum, tiersSpanPlan: given.spans },
          [
            [0, 5, '0.333'],
            [100, 0, '0.2'],
          ],
        ),
        pricing('cy', { aggregationId: 'y', type: 'PRODUCT_CREDIT' }, [[0, 0, '0.1']]),
        pricing('sy', { planId: 'side', aggregationId: 'y' }),
        pricing('gy', { planId: 'side', aggregationId: 'y', type: 'GLOBAL_CREDIT' }, [[0, 0, '0.05']]),
      ],
      counterPricings: [counterPricing('seat', {}, [[0, 0, 3]])],
      counterAdjustments: adjustments({ '2024-04-02': 3, '2024-05-10': 7, '2024-05-20': 2 }),
    }),
  );

const targets: fc.Arbitrary<CreateTarget> = fc.constantFrom(
  billsOf('2024-05-01'),
  billsOf('2024-06-01'),
  billsOf('2024-05-01', { timezone: 'Europe/London' }),
  billsOf('2024-05-07'),
  { ...billsOf('2024-05-01'), lastDateInBillingPeriod: null, billDate: day('2024-05-15') },
);

describe('bills of any unit', () => {
  test('the total is the exact sum of the converted lines, numbered from 1, with keys of their own', () => {
    fc.assert(
      fc.property(units, targets, measurements, (unit, target, measured) => {
        for (const bill of calculated({ ...unit, target }, measured).bills) {
          expect(bill.billTotal.eq(sumOf(bill.lines.map((line) => line.convertedSubtotal)))).toBe(true);
          expect(bill.lines.map((line) => line.sequenceNumber)).toEqual(
            bill.lines.map((_, index) => index + 1),
          );
          expect(new Set(bill.lines.map((line) => line.key)).size).toBe(bill.lines.length);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('every due bill is made', () => {
    fc.assert(
      fc.property(units, targets, measurements, (unit, target, measured) => {
        const given = { ...unit, target };
        const made = calculated(given, measured).bills.map((bill) => JSON.stringify(bill.identity));
        const due = dueBills(given).map((bill) => JSON.stringify(bill.identity));
        expect(made).toEqual(expect.arrayContaining(due));
      }),
      { numRuns: 40 },
    );
  });

  test('the order of the rows does not matter', () => {
    fc.assert(
      fc.property(units, targets, measurements, (unit, target, measured) => {
        const given = { ...unit, target };
        const reversed = Object.fromEntries(
          Object.entries(given).map(([name, rows]) => [name, Array.isArray(rows) ? rows.toReversed() : rows]),
        ) as BillFacts;
        expect(text(calculated(reversed, measured))).toBe(text(calculated(given, measured)));
      }),
      { numRuns: 40 },
    );
  });

  test('calculating again, over the stored bills, changes nothing but which bills exist', () => {
    fc.assert(
      fc.property(units, targets, measurements, (unit, target, measured) => {
        const first = calculated({ ...unit, target }, measured).bills;
        const again = calculated({ ...unit, target, bills: stored(first) }, measured).bills;
        expect(text(again.map((bill) => ({ ...bill, existingBillId: null })))).toBe(text(first));
        expect(again.every((bill) => bill.existingBillId !== null)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

function text(value: unknown): string {
  return writeJsonWithNulls(value);
}

describe('minimum spends', () => {
  const used = (value: number) => [{ at: '2024-05-10', value }];
  const floored = (minimum: number, inAdvance: boolean) =>
    facts({
      planTemplates: [
        template('monthly', { minimumSpend: decimal(minimum), minimumSpendBillInAdvance: inAdvance }),
      ],
      accountPlans: [accountPlan('ap', { endDate: at('2024-06-01') })],
      pricings: [pricing('p')],
    });
  const cents = fc.integer({ min: 0, max: 100_000 });

  test('in arrears the bill comes to max(M, S)', () => {
    fc.assert(
      fc.property(cents, cents, (minimum, usage) => {
        const [bill] = calculated(floored(minimum, false), used(usage)).bills;
        expect(bill?.billTotal.eq(maxOf(decimal(minimum), decimal(usage)))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('in advance both bills come to max(M, S)', () => {
    fc.assert(
      fc.property(cents, cents, (minimum, usage) => {
        const made = jobs(
          floored(minimum, true),
          [billsOf('2024-05-01'), billsOf('2024-06-01')],
          used(usage),
        );
        const total = sumOf(made.flat().map((bill) => bill.billTotal));
        expect(total.eq(maxOf(decimal(minimum), decimal(usage)))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});

test('whatever is switched when, every day of a standing charge is charged once', () => {
  const dates = ['2024-05-01', '2024-06-01', '2024-07-01', '2024-08-01', '2024-09-01'];
  fc.assert(
    fc.property(
      fc.array(flag, { minLength: 5, maxLength: 5 }),
      fc.integer({ min: 2, max: 29 }),
      (flags, start) => {
        const given = (inAdvance: boolean) => ({
          planTemplates: [
            template('monthly', { standingCharge: decimal(31 * 30), standingChargeBillInAdvance: inAdvance }),
          ],
          accountPlans: [
            accountPlan('ap', {
              startDate: at(`2024-04-${String(start).padStart(2, '0')}`),
              endDate: at('2024-09-01'),
            }),
          ],
        });
        const targets = dates.map((date, index) => [billsOf(date), given(flags[index] ?? false)] as const);
        const total = sumOf(
          jobs(facts(), targets)
            .flat()
            .map((bill) => bill.billTotal),
        );
        // April has 30 days of 31 each, the four months after it 930 each.
        expect(total.toString()).toBe(decimal((31 - start) * 31 + 4 * 930).toString());
      },
    ),
    { numRuns: 40 },
  );
});
