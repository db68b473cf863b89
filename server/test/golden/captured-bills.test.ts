import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { billCaseText, readBillCase, writeBillCase } from '../../src/areas/billing/bill-case.ts';
import { repeatedBill } from '../../src/areas/billing/verify-calculation.ts';
import { present } from '../../src/kernel/assert.ts';

/** Each folder is a bill that `meterbook capture-bill` wrote; `vitest run -u` writes the bills anew. */
const FOLDER = fileURLToPath(new URL('./captured', import.meta.url));
const cases = readdirSync(FOLDER, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

test('there are captured bills', () => {
  expect(cases.length).toBeGreaterThan(0);
});

test.each(cases)('%s is calculated as it was captured', async (name) => {
  const given = readFileSync(join(FOLDER, name, 'given.json'), 'utf8');
  const captured = readBillCase(given);
  const { draft, reason } = repeatedBill(captured, captured.identity);
  const text = billCaseText(present(draft, `the bill: ${reason}`));
  await expect(text).toMatchFileSnapshot(join(FOLDER, name, 'bill.txt'));
  expect(JSON.parse(writeBillCase(captured))).toEqual(JSON.parse(given));
});
