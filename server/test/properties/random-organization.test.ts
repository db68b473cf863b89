import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decimal, sumOf } from '../../src/kernel/decimal.ts';
import { billsContent, billsText } from '../oracle/bill-text.ts';
import { storyOf } from '../oracle/given.ts';
import { oracleStory } from '../oracle/oracle-story.ts';
import { randomOrganization } from '../oracle/random-organization.ts';
import { organizationOf } from '../oracle/read-organization.ts';
import { previewOf, serverBills, textBill, type WireBill } from '../oracle/server-bills.ts';
import type { Names } from '../oracle/server-names.ts';
import { createOrganization } from '../oracle/server-organization.ts';
import { randomSeeds } from '../support/golden-mode.ts';
import { startTestServer, type TestServer } from '../support/stores.ts';

/** The same organizations as for the engine alone, built through the API and billed by jobs. */
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.moveTo('2024-08-01T00:00:00Z');
}, 60_000);
afterAll(() => server.close());

const kinds = [
  { name: 'plans and counters', credit: false, hierarchy: false },
  { name: 'credit of parents and children', credit: true, hierarchy: true },
];

describe.each(kinds)('a random organization with $name', (kind) => {
  test.each(randomSeeds(2, 4))(
    'of seed %i is billed as the oracle says',
    async (seed) => {
      const given = randomOrganization(seed, kind);
      const steps = storyOf(given);
      const told = oracleStory(steps);
      const world = await createOrganization(
        server,
        organizationOf(steps[0]?.rows ?? []),
        prefixOf(seed, kind),
      );
      for (const [i, step] of steps.entries()) {
        const bills = await serverBills(world, step);
        expect(contentOf(world, bills), `${given}\n\njob ${step.date}`).toBe(billsContent(told[i] ?? ''));
        for (const bill of bills) expectTotal(bill);
        const again = await serverBills(world, step);
        expect(again.map(lasting)).toEqual(bills.map(lasting));
      }
      await expectPreviews(world, steps.at(-1));
    },
    120_000,
  );
});

function prefixOf(seed: number, { credit, hierarchy }: (typeof kinds)[number]): string {
  return `s${seed}${credit ? 'c' : ''}${hierarchy ? 'h' : ''}-`;
}

function contentOf(world: Names, bills: readonly WireBill[]): string {
  const texts = bills.map((bill) => textBill(world, bill));
  return billsContent(billsText(texts, world.organization.zone));
}

/** Spec 40 §5.8 no. 3. */
function expectTotal(bill: WireBill): void {
  const total = sumOf(bill.lineItems.map((line) => decimal(String(line['convertedSubtotal']))));
  expect(String(bill.billTotal)).toBe(total.toString());
}

/** What another calculation of the same leaves alone. */
function lasting({ version, lastCalculatedDate, billJobId, dtLastModified, ...bill }: WireBill): object {
  return bill;
}

/** A preview is the same calculation; it is asked for where one bill answers for a frequency. */
async function expectPreviews(
  world: Names,
  step: Parameters<typeof serverBills>[1] | undefined,
): Promise<void> {
  if (step === undefined) return;
  const bills = await serverBills(world, step);
  for (const bill of bills.filter((one) => one.billFrequencyInterval !== undefined)) {
    const preview = await previewOf(world, bill);
    expect(contentOf(world, [preview])).toBe(contentOf(world, [bill]));
  }
}
