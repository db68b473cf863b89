import { describe, expect, test } from 'vitest';
import { accountPlan, at, billsOf, day, facts, template } from '../../../test/support/bill-facts.ts';
import { calculated, jobs, lineText, stored } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';
import type { BillTarget, ExistingBillFacts } from './facts.ts';

/** 31 in advance, weekly on Tuesdays; then monthly. */
const charge = { standingCharge: decimal(31), standingChargeBillInAdvance: true } as const;
const weekly = facts({
  planTemplates: [template('monthly', { ...charge, billFrequency: 'WEEKLY' })],
  accountPlans: [accountPlan('ap', { startDate: at('2024-05-07') })],
});
const monthly = { planTemplates: [template('monthly', charge)] };

const WEEKS = [billsOf('2024-05-07'), billsOf('2024-05-14')];
const JUNE = billsOf('2024-06-01');
const MAY_14 = '2024-05-14 WEEKLY/1';

function recalculated(...bills: readonly string[]): BillTarget {
  return { kind: 'RECALCULATE', now: at('2024-06-10'), billIds: bills.map((bill) => `bill acme ${bill}`) };
}

/** The lines of the bills that are left after all jobs, the plan being monthly after the first two. */
function linesAfter(...later: readonly BillTarget[]): readonly string[] {
  const [next, ...others] = later.map((target) => [target, monthly] as const);
  const made = jobs(weekly, [...WEEKS, ...(next === undefined ? [] : [next, ...others])]);
  const left = new Map(made.flat().map((bill) => [`${bill.identity.gridDate}`, bill]));
  return [...left.values()].flatMap((bill) => bill.lines.map((line) => lineText(line)));
}

describe('a weekly bill calculated again after the plan became monthly', () => {
  // It keeps its week, of which the month takes 31 × 7/31, and leaves the other 11 days of May.
  const expected = [
    'STANDING_CHARGE 2024-05-07..2024-05-14 Standing Charge: 31.00 USD',
    'STANDING_CHARGE 2024-05-14..2024-05-21 Standing Charge: 7.00 USD',
    'STANDING_CHARGE 2024-05-21..2024-06-01 Standing Charge: 11.00 USD',
    'STANDING_CHARGE 2024-06-01..2024-07-01 Standing Charge: 31.00 USD',
  ];

  test.each<readonly [string, readonly BillTarget[]]>([
    ['before the first monthly one', [recalculated(MAY_14), JUNE]],
    ['after it', [JUNE, recalculated(MAY_14)]],
    ['after it, which is calculated again then', [JUNE, recalculated(MAY_14), JUNE]],
    ['twice', [recalculated(MAY_14), JUNE, recalculated(MAY_14), JUNE]],
    ['with it', [JUNE, recalculated(MAY_14, '2024-06-01 MONTHLY/1')]],
  ])('%s charges each day once', (_name, later) => {
    expect(linesAfter(...later)).toEqual(expected);
  });
});

test('a bill from before its opening was stored has charged all of the next period', () => {
  const bills = stored(jobs(weekly, WEEKS).flat()).map(
    (bill): ExistingBillFacts => ({
      ...bill,
      periods: bill.periods.map(({ openedUntil: _, ...period }) => period),
    }),
  );
  const [bill] = calculated({ ...weekly, ...monthly, bills, target: JUNE }).bills;
  expect(bill?.lines.map((line) => lineText(line))).toEqual([
    'STANDING_CHARGE 2024-06-01..2024-07-01 Standing Charge: 31.00 USD',
  ]);
});

test('a bill says how far its charges in advance reach', () => {
  const [start, next] = jobs(weekly, WEEKS).flat();
  const until = [start, next].map((bill) => bill?.periods.map((period) => period.openedUntil));
  expect(until).toEqual([[day('2024-05-14')], [day('2024-05-21')]]);
  const adHoc = { ...weekly, planTemplates: [template('monthly', { ...charge, billFrequency: 'AD_HOC' })] };
  const target = billsOf('2024-06-01', { billingFrequency: 'AD_HOC' });
  expect(calculated({ ...adHoc, target }).bills[0]?.periods[0]?.openedUntil).toBeNull();
});
