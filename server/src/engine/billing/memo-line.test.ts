import { expect, test } from 'vitest';
import { at, billsOf, facts, organization, template } from '../../../test/support/bill-facts.ts';
import { billText, calculated, stored } from '../../../test/support/bill-story.ts';
import { decimal } from '../../kernel/decimal.ts';
import { defaultCurrencyRule } from '../money/rounding.ts';
import type { BillFacts } from './facts.ts';
import { failureMessage } from './failure-message.ts';
import { type Memo, type MemoLine, memoLine, numberedMemoLines } from './memo-line.ts';

const USD = defaultCurrencyRule('USD');

function memo(fields: Partial<Memo> = {}): Memo {
  const amount = fields.amount ?? decimal(50);
  return {
    id: 'memo-1',
    lineItemType: 'CREDIT_MEMO',
    description: 'Sorry',
    amount,
    amountToApplyOnBill: amount,
    service: { start: at('2024-05-01'), end: at('2024-06-01') },
    product: null,
    accountingProduct: null,
    referencedBillId: null,
    referencedLineItemId: null,
    reasonId: null,
    ...fields,
  };
}

function lineOf(fields: Partial<Memo>, currency = USD) {
  return memoLine(memo(fields), { accountId: 'acme', currency });
}

test.each([
  // What is sent is above 0; a credit lowers the total. Rounding acts on the signed amount.
  ['CREDIT_MEMO', '50', '50', 'HALF_UP', '-50 -50'],
  ['DEBIT_MEMO', '50', '50', 'HALF_UP', '50 50'],
  ['CREDIT_MEMO', '50', '30', 'HALF_UP', '-50 -30'],
  ['DEBIT_MEMO', '50', '0', 'HALF_UP', '50 0'],
  ['CREDIT_MEMO', '0.125', '0.125', 'HALF_UP', '-0.13 -0.13'],
  ['CREDIT_MEMO', '0.121', '0.121', 'FLOOR', '-0.13 -0.13'],
  ['DEBIT_MEMO', '0.129', '0.121', 'FLOOR', '0.12 0.12'],
] as const)('%s of %s of which %s count, rounded %s: %s', (lineItemType, amount, counted, mode, amounts) => {
  const fields = { lineItemType, amount: decimal(amount), amountToApplyOnBill: decimal(counted) };
  const line = lineOf(fields, { ...USD, roundingMode: mode }) as MemoLine;
  expect(`${line.subtotal} ${line.convertedSubtotal}`).toBe(amounts);
  expect(`${line.averageUnitPrice} ${line.quantity} ${line.units}`).toBe(`${line.subtotal} 1 1`);
});

test('a digit that the currency does not have is refused where nothing may be rounded', () => {
  const rule = { ...USD, roundingMode: 'UNNECESSARY' } as const;
  expect(lineOf({ amount: decimal('0.125') }, rule)).toMatchObject({ kind: 'RoundingNecessary' });
  expect(lineOf({ amount: decimal('0.12') }, rule)).toMatchObject({ key: 'memo-1' });
});

test('memo lines follow the others by product name, then by description', () => {
  const product = { id: 'p', name: 'API', code: 'api' };
  const lines = [
    lineOf({ id: 'c', description: 'b', product }),
    lineOf({ id: 'b', description: 'z' }),
    lineOf({ id: 'a', description: 'a', product }),
  ] as MemoLine[];
  const order = numberedMemoLines(lines, 3).map((line) => `${line.sequenceNumber} ${line.key}`);
  expect(order).toEqual(['4 b', '5 a', '6 c']);
});

/** A bill with a standing charge of 60 USD and a credit of 50 of which 30 count, calculated again. */
function again(changes: Partial<BillFacts>) {
  const given = facts({ planTemplates: [template('monthly', { standingCharge: decimal(60) })] });
  const [bill] = stored(calculated(given).bills);
  const line = lineOf({ amountToApplyOnBill: decimal(30) }) as MemoLine;
  const [memoOnBill] = numberedMemoLines([line], 1);
  const bills = bill && memoOnBill ? [{ ...bill, memoLines: [memoOnBill] }] : [];
  return { given: { ...given, bills, ...changes }, memo: memoOnBill };
}

test('a recalculation keeps a memo of which a part counts', () => {
  const { given, memo: before } = again({});
  const [bill] = calculated(given).bills;
  // 60 - 30 = 30
  expect(`${bill?.billTotal}`).toBe('30');
  expect(bill?.lines[1]).toEqual(before);
});

const TO_EUR = { currencyConversions: [{ from: 'USD', to: 'EUR', multiplier: decimal('0.9') }] };

test('a bill in another currency than before counts the memo converted', () => {
  const { given } = again({ target: billsOf('2024-06-01', { targetCurrency: 'EUR', ...TO_EUR }) });
  const [bill] = calculated(given).bills;
  // 60 × 0.9 = 54; -30 × 0.9 = -27
  expect(bill && billText(bill)).toEqual([
    'STANDING_CHARGE 2024-05-01..2024-06-01 Standing Charge: 60.00 USD -> 54.00',
    'CREDIT_MEMO 2024-05-01..2024-06-01 Sorry: -50.00 USD -> -27.00',
    'TOTAL 27.00 EUR',
  ]);
  const memoLines = bill?.lines.slice(1) ?? [];
  const back = calculated({ ...given, target: billsOf('2024-06-01'), bills: restored(given, memoLines) });
  expect(`${back.bills[0]?.lines[1]?.convertedSubtotal} ${back.bills[0]?.billTotal}`).toBe('-30 30');
});

function restored({ bills }: BillFacts, memoLines: BillFacts['bills'][number]['memoLines']) {
  return bills.map((bill) => ({ ...bill, memoLines }));
}

test('without a rate for a memo the bill fails', () => {
  const { given } = again({
    planTemplates: [template('monthly', { currency: 'EUR', standingCharge: decimal(60) })],
    organization: organization({ currency: 'EUR' }),
  });
  const { bills, failed } = calculated(given);
  expect(bills).toEqual([]);
  expect(failed.map(({ failure }) => failureMessage(failure))).toEqual([
    expect.stringContaining('CREDIT_MEMO Sorry'),
  ]);
});
