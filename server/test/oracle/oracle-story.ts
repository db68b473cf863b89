import { billsText, textBillOf } from './bill-text.ts';
import { billsOn, type Outcome } from './bills.ts';
import type { Step } from './given.ts';
import type { Bill } from './line.ts';
import { organizationOf } from './read-organization.ts';

/** What the oracle says after each job of a story, each job seeing the bills of those before. */
export function oracleStory(steps: readonly Step[]): readonly string[] {
  let bills: readonly Bill[] = [];
  return steps.map(({ rows, date, frequency }) => {
    const organization = organizationOf(rows);
    const outcome = billsOn(organization, bills, { date, frequency });
    bills = [...bills.filter((bill) => !isReplaced(bill, outcome)), ...outcome.bills];
    return outcomeText(outcome, organization.zone);
  });
}

function isReplaced(bill: Bill, { bills }: Outcome): boolean {
  const key = (one: Bill) => JSON.stringify([one.on, one.date]);
  return bills.some((one) => key(one) === key(bill));
}

/** The bills of a job, and a line for each account that has none because of a failure. */
export function outcomeText({ bills, failures }: Outcome, zone: string): string {
  const failed = failures.map(({ account, reason }) => `FAILED ${account} ${reason}`);
  return [billsText(bills.map(textBillOf), zone), ...failed].filter((text) => text !== '').join('\n\n');
}
