import { expect, test } from 'vitest';
import { parseJson } from '../../kernel/json.ts';
import { Temporal } from '../../kernel/time.ts';
import type { Row } from '../../store/database.ts';
import { eventFields } from './event-names.ts';
import { notificationTestError, notificationVerdict } from './notification-calculation.ts';

const now = Temporal.Instant.from('2026-01-01T00:00:00Z');

function verdict(calculation: string, payload: object): unknown {
  const result = notificationVerdict(calculation, parseJson(JSON.stringify(payload)) as Row, now);
  return result.kind === 'value' ? result.value : result.message;
}

const SPENT =
  '(new.amountSpent >= ((new.amount*90)/100)) AND ' +
  '((old.amountSpent <= ((old.amount*90)/100)) OR (old.amountSpent == null))';

// Of 10 000, 90 % are 9 000; the limit itself counts on both sides.
test.each([
  [8900, 9100, true],
  [9100, 9300, false],
  [null, 9500, true],
  [9000, 9200, true],
  [8000, 8999, false],
  [8999, 9000, true],
])('a commitment of 10 000 spent from %s to %s tells of its 90 %%: %s', (before, after, fires) => {
  const payload = {
    newDto: { amount: 10_000, amountSpent: after },
    oldDto: { amount: 10_000, ...(before !== null && { amountSpent: before }) },
  };
  expect(verdict(SPENT, payload)).toBe(fires);
});

const bill = {
  newDto: {
    status: 'PENDING',
    billTotal: 12.5,
    locked: false,
    endDate: '2026-02-01',
    customFields: { tier: 'gold' },
    productIds: ['a', 'b'],
    lineItems: [{ id: 1 }],
  },
};

test.each([
  ['new.status == "PENDING"', true],
  ["new.status == 'APPROVED'", false],
  ['new.billTotal > 12.4999', true],
  ['new.customFields.tier == "gold"', true],
  ['new.customFields.other == null', true],
  ['new.customFields != null', true],
  ['new.address.country == null', true],
  ['IN("b", new.productIds)', true],
  ['IN(null, new.lineItems)', false],
  ['new.endDate < "2026-02-02"', true],
  ['DateTime.parse(new.endDate) > DateTime.now()', true],
  ['old.status != new.status', true],
  ['old.status == null', true],
  ['new.nothing', false],
  ['new.locked', false],
  ['new.constructor == null', true],
  ['new.status * 2 == 1', '"PENDING" is not a number at character 12'],
  ['new.lineItems', 'a list can only be compared with null or searched by IN at character 1'],
])('%s is %s of a bill', (calculation, expected) => {
  expect(verdict(calculation, bill)).toBe(expected);
});

test.each(['type == "MissingField"', 'new.type == "MissingField"', 'old.type == null'])(
  '%s holds of an event with bare attributes',
  (calculation) => {
    expect(verdict(calculation, { type: 'MissingField' })).toBe(true);
  },
);

test.each([
  'new.locked',
  'isnull(new.locked, false)',
  'new.customFields.flag',
  'boolean(new.status)',
  'new.locked ? true : 1',
  'null',
])('%s can be true or false', (calculation) => {
  expect(notificationTestError(calculation, eventFields('billing.bill.created') ?? new Map())).toBeNull();
});

test.each(['1', '"true"', 'new.billTotal', 'new.billTotal + 1', 'Math.max(1, 2)', '-1', 'new.status'])(
  '%s can be neither',
  (calculation) => {
    const error = notificationTestError(calculation, eventFields('billing.bill.created') ?? new Map());
    expect(error).toBe('The result is neither true nor false');
  },
);
