import { expect, test } from 'vitest';
import { eventOfEntity, SCHEDULED_NAME, scheduledEventError } from './scheduled-event-rules.ts';

test.each([
  ['Bill', 'endDate', 'scheduled.bill.overdue'],
  ['BILL', 'dtLocked', 'scheduled.bill.locked'],
  ['Contract', 'startDate', 'scheduled.contract.starts'],
  ['Balance', 'rolloverEndDate', 'scheduled.balance.gone'],
  ['ScheduledBalanceCharge', 'nextRun', 'scheduled.scheduledbalancecharge.due'],
  ['Product', 'dtCreated', 'scheduled.product.new'],
])('%s.%s can be scheduled as %s', (entity, field, name) => {
  expect(scheduledEventError({ entity, field, name })).toBeNull();
});

test.each([
  ['Nothing', 'endDate', 'scheduled.nothing.x', 'entity'],
  ['PricingBand', 'dtCreated', 'scheduled.pricingband.x', 'entity'],
  ['constructor', 'dtCreated', 'scheduled.constructor.x', 'entity'],
  ['Bill', 'status', 'scheduled.bill.x', 'field'],
  ['Contract', 'rolloverEndDate', 'scheduled.contract.x', 'field'],
  ['Product', 'startDate', 'scheduled.product.x', 'field'],
  ['Bill', 'endDate', 'scheduled.contract.x', 'name'],
])('%s.%s as %s is refused because of its %s', (entity, field, name, wrong) => {
  expect(scheduledEventError({ entity, field, name })?.field).toBe(wrong);
});

test.each([
  ['scheduled.bill.enddateEvent', true],
  ['scheduled.bill.a_b-9', true],
  ['scheduled.Bill.x', false],
  ['scheduled.bill.', false],
  ['scheduled.bill.a.b', false],
  ['event.bill.x', false],
  [`scheduled.bill.${'x'.repeat(80)}`, true],
  [`scheduled.bill.${'x'.repeat(81)}`, false],
])('%s is the name of a scheduled event: %s', (name, fits) => {
  expect(SCHEDULED_NAME.test(name)).toBe(fits);
});

test.each([
  ['Bill', 'billing.bill'],
  ['plantemplate', 'configuration.plantemplate'],
  ['Webhook', null],
])('the events of %s are called %s', (entity, event) => {
  expect(eventOfEntity(entity)).toBe(event);
});
