import { date, integer, optional, reference, text } from '../../api/fields.ts';
import { defineResource } from '../../api/resource.ts';

/** The value of an account's counter from a date on, until the next adjustment (spec 30 §15.3). */
export const counterAdjustment = defineResource({
  name: 'CounterAdjustment',
  path: 'counteradjustments',
  summary: 'a counter adjustment',
  table: 'counter_adjustment',
  permission: 'config:counteradjustment',
  event: 'billing.counteradjustment',
  maxPageSize: 100,
  fields: {
    accountId: reference('Account'),
    counterId: reference('Counter'),
    date: date(),
    value: integer({ min: 0 }),
    purchaseOrderNumber: optional(text({ max: 100 })),
  },
  immutable: ['accountId', 'counterId'],
  example: { accountId: '{Account}', counterId: '{Counter}', date: '2024-01-01', value: 8 },
  // Listed by its date, not by its creation: `list-counter-adjustments.ts`.
  except: ['list'],
});
