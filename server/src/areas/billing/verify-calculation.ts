import type { BillIdentity, DraftBill, FailedBills } from '../../engine/billing/bill.ts';
import { calculateBills } from '../../engine/billing/calculate-bills.ts';
import { failureMessage } from '../../engine/billing/failure-message.ts';
import type { UsageAnswer, UsageQuery } from '../../engine/metering/usage-query.ts';
import type { KeptFacts } from './bill-fact-parts.ts';

/** A bill calculated once more from kept facts, or why it cannot be; and all that the calculation asked. */
export type Repeated = {
  readonly draft: DraftBill | null;
  readonly reason: string | null;
  readonly queries: readonly UsageQuery[];
};

/** As many rounds of questions as a calculation has. */
const MAX_ROUNDS = 8;

/** Calculates the bill of that identity from the facts alone: no store is read. */
export function repeatedBill({ facts, answers }: KeptFacts, identity: BillIdentity): Repeated {
  const known = new Map<string, UsageAnswer>();
  const queries: UsageQuery[] = [];
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const result = calculateBills(facts, known);
    if (result.kind === 'bills') {
      const draft = result.bills.find((bill) => isSame(bill.identity, identity)) ?? null;
      return { draft, reason: draft === null ? reasonOf(result.failed, identity) : null, queries };
    }
    const [missing] = result.lookups;
    if (missing !== undefined) {
      const reason = `the calculation needs a row that it did not need then, of table ${missing.table}`;
      return { draft: null, reason, queries };
    }
    for (const query of result.queries) {
      const answer = answers.get(query.key);
      if (answer === undefined) {
        return {
          draft: null,
          reason: `the calculation asks what it did not ask then: ${query.key}`,
          queries,
        };
      }
      known.set(query.key, answer);
      queries.push(query);
    }
  }
  return { draft: null, reason: 'the calculation does not come to its end', queries };
}

function reasonOf(failed: readonly FailedBills[], identity: BillIdentity): string {
  const own = failed.find(({ identities }) => identities.some((one) => isSame(one, identity)));
  return own ? failureMessage(own.failure) : 'the facts make no such bill due';
}

function isSame(a: BillIdentity, b: BillIdentity): boolean {
  return (
    a.accountId === b.accountId &&
    a.gridDate.equals(b.gridDate) &&
    a.groupKey === b.groupKey &&
    a.frequencyKey === b.frequencyKey
  );
}
