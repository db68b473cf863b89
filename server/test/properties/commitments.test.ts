import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DraftBill } from '../../src/engine/billing/bill.ts';
import type { CommitmentFacts } from '../../src/engine/billing/commitment-facts.ts';
import type { BillFacts } from '../../src/engine/billing/facts.ts';
import { feeInstalments } from '../../src/engine/billing/fee-instalments.ts';
import { addFractions, NONE } from '../../src/engine/money/fraction.ts';
import { type Decimal, decimal, sumOf } from '../../src/kernel/decimal.ts';
import { accountPlan, at, bands, billsOf, day, facts, organization, pricing } from '../support/bill-facts.ts';
import { calculated, type Measured } from '../support/bill-story.ts';
import { afterBilling, commitment, MONTHLY } from '../support/commitment-facts.ts';

const MONTHS = ['2025-02-01', '2025-03-01', '2025-04-01', '2025-05-01', '2025-06-01', '2025-07-01'];

function cents(max: number): fc.Arbitrary<Decimal> {
  return fc.integer({ min: 1, max }).map((value) => decimal(value).dividedBy(100));
}

/** A date in the first 150 days of 2025. */
const dates = fc.integer({ min: 0, max: 149 }).map((days) => day('2025-01-01').add({ days }));

const commitments = fc
  .record({
    amount: cents(60_000),
    startDate: dates,
    days: fc.integer({ min: 1, max: 120 }),
    currency: fc.constantFrom('USD', 'EUR'),
    hasPlan: fc.boolean(),
    commitmentFeeBillInAdvance: fc.boolean(),
    overage: fc.constantFrom('none', 'surcharge', 'separate'),
    lineItemTypes: fc.constantFrom<string[]>([], ['USAGE']),
  })
  .map(({ days, hasPlan, overage, ...fields }): Partial<CommitmentFacts> => {
    const plan = hasPlan ? MONTHLY : {};
    const surcharge = overage === 'surcharge' ? { overageSurchargePercent: decimal('7.5') } : {};
    const endDate = fields.startDate.add({ days });
    return { ...fields, endDate, separateOverageUsage: overage === 'separate', ...plan, ...surcharge };
  });

const prices = fc.record({
  limit: fc.integer({ min: 1, max: 300 }),
  fixed: cents(5_000),
  first: cents(300),
  second: cents(300),
  cumulative: fc.boolean(),
  isRepriced: fc.boolean(),
});

const stories = fc.record({
  rows: fc.array(commitments, { minLength: 1, maxLength: 3 }),
  price: prices,
  measured: fc.array(
    fc.record({ at: dates.map(String), value: cents(20_000).map((value) => value.toFixed()) }),
    { maxLength: 10 },
  ),
});
type Story = typeof stories extends fc.Arbitrary<infer T> ? T : never;

function factsOf({ rows, price }: Story, withCommitments = true): BillFacts {
  const { limit, fixed, first, second, cumulative, isRepriced } = price;
  const overage = bands('over', [[0, 0, '3.21']]);
  const conversions = [{ from: 'EUR', to: 'USD', multiplier: decimal('1.0837') }];
  const steps = [
    [0, 0, first.toFixed()],
    [limit, fixed.toFixed(), second.toFixed()],
  ] as const;
  return facts({
    organization: organization({ currencyConversions: conversions }),
    accountPlans: [accountPlan('ap', { startDate: at('2025-01-01') })],
    pricings: [
      pricing('price', { cumulative, overagePricingBands: cumulative && isRepriced ? overage : [] }, steps),
    ],
    commitments: withCommitments
      ? rows.map((fields, i) => commitment(`term ${i}`, fields.amount?.toFixed() ?? 1, fields))
      : [],
  });
}

/** Bills one month after the other, and the facts that are left. */
function billed(given: BillFacts, measured: readonly Measured[]) {
  let rows = given;
  const bills: DraftBill[] = [];
  for (const month of MONTHS) {
    const made = calculated({ ...rows, target: billsOf(month) }, measured).bills;
    rows = afterBilling(rows, made);
    bills.push(...made);
  }
  return { facts: rows, bills };
}

function text({ lines, draws, billTotal }: DraftBill): string {
  return JSON.stringify([billTotal, lines.map((line) => [line.key, line.subtotal, line.units]), draws]);
}

test('bills draw no more than a commitment has, and no line is paid more than once', () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { facts: after, bills } = billed(factsOf(story), story.measured);
      for (const { draws, amount } of after.commitments) {
        expect(sumOf(draws.map((draw) => draw.amount)).lte(amount)).toBe(true);
      }
      for (const { lines, draws } of bills) {
        const parts = lines.flatMap((line) => line.reason.drawn);
        for (const part of parts) {
          const line = lines.find(({ key }) => key === part.lineKey);
          const own = parts.filter(({ lineKey }) => lineKey === part.lineKey);
          const paid = sumOf(own.map((one) => one.convertedAmount));
          expect(paid.lte(line?.convertedSubtotal ?? 0)).toBe(true);
        }
        const shown = lines.filter((line) => line.lineItemType === 'COMMITMENT_CONSUMED');
        const drawn = sumOf(draws.map((draw) => draw.amount));
        expect(
          sumOf(shown.map((line) => line.subtotal))
            .plus(drawn)
            .toFixed(),
        ).toBe('0');
      }
    }),
    { numRuns: 60 },
  );
});

test('a usage line that is split keeps its amount, units and quantity in all', () => {
  fc.assert(
    fc.property(stories, (story) => {
      const whole = billed(factsOf(story, false), story.measured).bills;
      const { bills } = billed(factsOf(story), story.measured);
      for (const bill of bills) {
        const same = whole.find(({ identity }) => identity.gridDate.equals(bill.identity.gridDate));
        for (const line of same?.lines ?? []) {
          const parts = bill.lines.filter((part) => part.key.endsWith(line.key));
          const normal = parts.map((part) => part.reason.normalSubtotal ?? part.subtotal);
          expect(sumOf(normal)).toEqual(line.subtotal);
          expect(sumOf(parts.map((part) => part.units))).toEqual(line.units);
          expect(sumOf(parts.map((part) => part.quantity))).toEqual(line.quantity);
          expect(parts.every((part) => part.units.gte(0) && part.subtotal.gte(0))).toBe(true);
        }
      }
    }),
    { numRuns: 60 },
  );
});

// Spec 50 §6.10: draws of later bills count too, so a bill may change once when they have come; never twice.
test('a bill that is calculated twice in a row comes out the same, whatever the order of the rows', () => {
  fc.assert(
    fc.property(stories, (story) => {
      let { facts: rows } = billed(factsOf(story), story.measured);
      for (const month of MONTHS) {
        const target = billsOf(month);
        const once = calculated({ ...rows, target }, story.measured).bills;
        rows = afterBilling(rows, once);
        const given = { ...rows, commitments: rows.commitments.toReversed(), target };
        expect(calculated(given, story.measured).bills.map(text)).toEqual(once.map(text));
      }
    }),
    { numRuns: 30 },
  );
});

test('the fees of a commitment add up to what is owed', () => {
  fc.assert(
    fc.property(cents(10_000_000), dates, fc.integer({ min: 1, max: 700 }), (amount, startDate, days) => {
      const endDate = startDate.add({ days });
      const row = commitment('term', amount.toFixed(), { ...MONTHLY, startDate, endDate });
      let rows = facts({ accountPlans: [], commitments: [row] });
      const months = Array.from({ length: 30 }, (_, months) => day('2025-01-01').add({ months }));
      for (const month of months) {
        rows = afterBilling(rows, calculated({ ...rows, target: billsOf(String(month)) }).bills);
      }
      const fees = rows.commitments.flatMap((one) => one.fees.map((fee) => fee.amount));
      expect(sumOf(fees)).toEqual(amount);
    }),
    { numRuns: 30 },
  );
});

test('without gaps between its fees a term has the same weight in advance and in arrears', () => {
  fc.assert(
    fc.property(dates, fc.integer({ min: 32, max: 900 }), (start, days) => {
      const cycle = { frequency: 'MONTHLY', interval: 1, epoch: day('2022-01-01') } as const;
      const weightOf = (inAdvance: boolean) =>
        feeInstalments({ start, end: start.add({ days }), cycle, inAdvance, interval: 1, offset: 0 })
          .map((fee) => fee.weight)
          .reduce((sum, weight) => addFractions(sum, weight), NONE);
      expect(weightOf(true)).toEqual(weightOf(false));
    }),
  );
});
