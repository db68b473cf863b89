import { describe, expect, test } from 'vitest';
import {
  accountPlan,
  at,
  billsOf,
  contract,
  facts,
  organization,
  pricing,
  template,
} from '../../../test/support/bill-facts.ts';
import { billText, jobs, type Measured } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';

describe('a plan’s usage around a change of zone is billed once', () => {
  const given = facts({
    accountPlans: [accountPlan('ap', { startDate: at('2024-05-01') })],
    pricings: [pricing('p')],
  });
  const measured: readonly Measured[] = [
    { at: '2024-05-31T20:00:00Z', value: 7 },
    { at: '2024-06-01T02:00:00Z', value: 5 },
  ];
  // 1 June begins at 15:00 the day before in Tokyo and at 4:00 in New York; the bill of May ends at 0:00 UTC.
  test.each([
    ['Asia/Tokyo', 'east', '2024-06-01T00:00:00Z'],
    ['America/New_York', 'west', '2024-06-01T00:00:00Z'],
  ])('to %s, %sward', (timezone, _, start) => {
    const moved = { organization: organization({ timezone }) };
    const [may, june] = jobs(given, [billsOf('2024-06-01'), [billsOf('2024-07-01'), moved]], measured);
    expect(may?.map((bill) => billText(bill).at(-1))).toEqual(['TOTAL 7.00 USD']);
    expect(june?.map((bill) => billText(bill).at(-1))).toEqual(['TOTAL 5.00 USD']);
    expect(`${june?.[0]?.lines[0]?.servicePeriodStartDate}`).toBe(start);
  });
});

test('a period that another bill closes is not closed again by a bill that only opens the next one', () => {
  const standingCharge = decimal(310);
  const given = facts({
    planTemplates: [template('monthly', { standingCharge })],
    pricings: [pricing('p')],
  });
  // From now on the plan is billed with its contract, and in advance.
  const moved = {
    planTemplates: [template('monthly', { standingCharge, standingChargeBillInAdvance: true })],
    contracts: [contract('c', { billGroupingKey: { id: 'k', exclusive: true } })],
    accountPlans: [accountPlan('ap', { contractId: 'c' })],
  };
  const june = billsOf('2024-06-01');
  const made = jobs(given, [june, [june, moved], june, june], [{ at: '2024-05-10', value: 180 }]);
  const totals = made.map((bills) => bills.map((bill) => `${bill.identity.groupKey} ${bill.billTotal}`));
  expect(totals.slice(1)).toEqual(Array(3).fill(['contract:c 310']));
});
