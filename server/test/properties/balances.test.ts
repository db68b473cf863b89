import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DraftBill } from '../../src/engine/billing/bill.ts';
import type { BalanceFacts, BillFacts } from '../../src/engine/billing/facts.ts';
import { type Decimal, decimal, sumOf } from '../../src/kernel/decimal.ts';
import { afterBills, balance, priced } from '../support/balance-facts.ts';
import { accountPlan, at, billsOf, day, organization, template } from '../support/bill-facts.ts';
import { calculated, type Measured } from '../support/bill-story.ts';

const MONTHS = ['2024-02-01', '2024-03-01', '2024-04-01', '2024-05-01'];
/** A date in the first 120 days of 2024. */
const dates = fc.integer({ min: 0, max: 119 });

function cents(max: number): fc.Arbitrary<Decimal> {
  return fc.integer({ min: 0, max }).map((value) => decimal(value).dividedBy(100));
}

/** The date that many days after 1 January 2024. */
function dayText(days: number): string {
  return day('2024-01-01').add({ days }).toString();
}

const balances = fc
  .record({
    funds: cents(30_000),
    first: dates,
    days: fc.integer({ min: 1, max: 90 }),
    rolloverDays: fc.option(fc.integer({ min: 1, max: 60 }), { nil: null }),
    rolloverAmount: fc.option(cents(10_000), { nil: null }),
    currency: fc.constantFrom('USD', 'EUR'),
    allowOverdraft: fc.boolean(),
    lineItemTypes: fc.constantFrom<string[]>([], ['USAGE'], ['STANDING_CHARGE']),
  })
  .map(({ first, days, rolloverDays, rolloverAmount, ...fields }): Partial<BalanceFacts> => {
    const endDate = at(dayText(first + days));
    const rolloverEndDate = rolloverDays === null ? null : endDate.add({ hours: 24 * rolloverDays });
    const rollover = rolloverEndDate === null ? null : rolloverAmount;
    return { ...fields, startDate: at(dayText(first)), endDate, rolloverEndDate, rolloverAmount: rollover };
  });

const usages = fc.array(
  fc.record({ at: dates.map(dayText), value: cents(20_000).map((value) => value.toFixed()) }),
  { maxLength: 12 },
);

const stories = fc.record({ rows: fc.array(balances, { minLength: 1, maxLength: 4 }), measured: usages });
type Story = { readonly rows: readonly Partial<BalanceFacts>[]; readonly measured: readonly Measured[] };

function factsOf({ rows }: Story): BillFacts {
  const conversions = [{ from: 'EUR', to: 'USD', multiplier: decimal('1.0837') }];
  return priced({
    organization: organization({ currencyConversions: conversions }),
    accountPlans: [accountPlan('ap', { startDate: at('2024-01-01') })],
    planTemplates: [template('monthly', { standingCharge: decimal(31) })],
    balances: rows.map((fields, i) => balance(`balance ${i}`, fields.funds?.toFixed() ?? 0, fields)),
  });
}

/** Bills one month after the other, and the facts that are left. */
function billed(story: Story): { readonly facts: BillFacts; readonly bills: readonly DraftBill[] } {
  let facts = factsOf(story);
  const all: DraftBill[] = [];
  for (const month of MONTHS) {
    const { bills } = calculated({ ...facts, target: billsOf(month) }, story.measured);
    facts = afterBills(facts, bills);
    all.push(...bills);
  }
  return { facts, bills: all };
}

test('no line is paid more than once, and every consumed line is the sum of its parts', () => {
  fc.assert(
    fc.property(stories, (story) => {
      for (const { lines, draws } of billed(story).bills) {
        const parts = lines.flatMap((line) => line.reason.drawn);
        for (const line of lines) {
          const own = parts.filter((part) => part.lineKey === line.key).map((part) => part.convertedAmount);
          expect(sumOf(own).lte(line.convertedSubtotal.abs())).toBe(true);
          const { drawn } = line.reason;
          if (line.lineItemType !== 'BALANCE_CONSUMED') continue;
          const drawsOfLine = draws.filter((draw) => draw.creditId === line.balanceId);
          expect(sumOf(drawsOfLine.map((draw) => draw.amount))).toEqual(line.subtotal.negated());
          const converted = sumOf(drawn.map((part) => part.convertedAmount));
          expect(converted).toEqual(line.convertedSubtotal.negated());
        }
      }
    }),
    { numRuns: 60 },
  );
});

test('bills draw nothing that is not there, and in a rollover at most its cap', () => {
  fc.assert(
    fc.property(stories, (story) => {
      for (const { allowOverdraft, draws, funds, rolloverAmount } of billed(story).facts.balances) {
        const drawn = sumOf(draws.map((draw) => draw.amount));
        if (!allowOverdraft) expect(drawn.lte(funds)).toBe(true);
        const inRollover = draws.filter((draw) => draw.phase === 'ROLLOVER').map((draw) => draw.amount);
        if (rolloverAmount !== null) expect(sumOf(inRollover).lte(rolloverAmount)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test('a bill that is calculated again at once comes out the same, whatever the order of the rows', () => {
  fc.assert(
    fc.property(stories, (story) => {
      let facts = factsOf(story);
      for (const month of MONTHS) {
        const target = billsOf(month);
        const { bills } = calculated({ ...facts, target }, story.measured);
        facts = afterBills(facts, bills);
        const shuffled = { ...facts, balances: facts.balances.toReversed(), target };
        expect(calculated(shuffled, story.measured).bills.map(drawText)).toEqual(bills.map(drawText));
      }
    }),
    { numRuns: 40 },
  );
});

// With overdraft, money that a later bill took below 0 is not there when an earlier one is made again.
test('without overdraft, bills that are calculated again in their order come out the same', () => {
  fc.assert(
    fc.property(stories, ({ rows, measured }) => {
      const limited = rows.map((fields) => ({ ...fields, allowOverdraft: false }));
      const first = billed({ rows: limited, measured });
      let { facts } = first;
      for (const month of MONTHS) {
        const { bills } = calculated({ ...facts, target: billsOf(month) }, measured);
        facts = afterBills(facts, bills);
      }
      const sorted = (rows: BillFacts) => rows.balances.map(({ draws }) => draws.map(drawnText).toSorted());
      expect(sorted(facts)).toEqual(sorted(first.facts));
    }),
    { numRuns: 40 },
  );
});

function drawnText({ billId, phase, amount }: BalanceFacts['draws'][number]): string {
  return `${billId} ${phase} ${amount}`;
}

function drawText({ draws, billTotal }: DraftBill): string {
  return [billTotal, ...draws.map((draw) => `${draw.creditId} ${draw.phase} ${draw.amount}`)].join(', ');
}
