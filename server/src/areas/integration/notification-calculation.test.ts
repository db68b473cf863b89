import { expect, test } from 'vitest';
import { eventFields } from './event-names.ts';
import { notificationCalculationError } from './notification-calculation.ts';

function errorFor(calculation: string, eventName: string): string | null {
  return notificationCalculationError(calculation, eventFields(eventName) ?? new Map());
}

test.each([
  ['new.name != old.name', 'configuration.counter.updated'],
  [
    '(new.amountSpent >= ((new.amount*90)/100)) AND (old.amountSpent == null)',
    'configuration.commitment.updated',
  ],
  ['new.customFields.tier == "gold"', 'configuration.product.created'],
  ['new.address.country == "Utopia"', 'configuration.account.updated'],
  ['IN(new.accountId, "a", "b")', 'billing.bill.created'],
  ['IN(new.accountId, old.productIds)', 'billing.balance.updated'],
  ['new.accountId IN ("a", new.productIds) OR (new.productIds) != null', 'billing.balance.updated'],
  ['null == new.productIds', 'billing.balance.updated'],
  ['type == "DuplicateUid" AND new.meterCode == "m1"', 'ingest.validation.failure'],
  ['DateTime.now() > DateTime.parse(new.endDate)', 'configuration.contract.updated'],
])('%s is a rule about %s', (calculation, eventName) => {
  expect(errorFor(calculation, eventName)).toBeNull();
});

test.each([
  ['new.name ==', 'configuration.counter.updated', /unexpected end/],
  ['new.amout > 1', 'configuration.commitment.updated', /unknown field new\.amout at character 1/],
  ['name == "x"', 'configuration.counter.updated', /unknown field name/],
  ['old.name == "x"', 'configuration.counter.created', /unknown field old\.name/],
  ['new.name.first == "x"', 'configuration.counter.created', /unknown field new\.name\.first/],
  ['new.address.a.b == 1', 'configuration.account.updated', /unknown field new\.address\.a\.b/],
  ['Math.cube(new.amount) > 1', 'configuration.commitment.updated', /unknown function/],
  ['new.productIds == "a"', 'billing.balance.created', /list new\.productIds can only .* at character 1/],
  ['new.productIds != old.productIds', 'billing.balance.updated', /list new\.productIds/],
  ['IN(new.productIds, new.accountId)', 'billing.balance.created', /list new\.productIds/],
  ['IN(new.accountId, new.productIds, "a")', 'billing.balance.created', /list new\.productIds/],
  ['isnull(new.productIds, "a") == "a"', 'billing.balance.created', /list new\.productIds/],
  ['new.feeDates + 1 > 2', 'configuration.commitment.created', /list new\.feeDates/],
  ['new.productIds', 'billing.balance.created', /list new\.productIds/],
  ['Lookup.exists("t", new.name)', 'configuration.counter.updated', /cannot be used here/],
])('%s is no rule about %s', (calculation, eventName, message) => {
  expect(errorFor(calculation, eventName)).toMatch(message);
});
