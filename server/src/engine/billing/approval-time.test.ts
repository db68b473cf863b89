import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { approvalTime, type GracePeriod } from './approval-time.ts';

type Case = readonly [string, string, string, GracePeriod, string];

test.each<Case>([
  // made early, it waits for its date
  ['2024-06-01', '2024-05-20T10:00:00Z', 'UTC', { length: 3, unit: 'DAYS' }, '2024-06-04T00:00:00Z'],
  // made late, it has the whole grace period
  ['2024-06-01', '2024-06-10T09:30:00Z', 'UTC', { length: 3, unit: 'DAYS' }, '2024-06-13T09:30:00Z'],
  ['2024-06-01', '2024-06-10T09:30:00Z', 'UTC', { length: 90, unit: 'MINUTES' }, '2024-06-10T11:00:00Z'],
  // the night in which the clock goes forward has 23 hours: days are of the calendar, hours pass
  [
    '2024-03-31',
    '2024-03-01T00:00:00Z',
    'Europe/London',
    { length: 1, unit: 'DAYS' },
    '2024-03-31T23:00:00Z',
  ],
  [
    '2024-03-31',
    '2024-03-01T00:00:00Z',
    'Europe/London',
    { length: 24, unit: 'HOURS' },
    '2024-04-01T00:00:00Z',
  ],
])(
  'a bill dated %s made at %s in %s after %o is approved at %s',
  (billDate, createdAt, zone, grace, expected) => {
    const bill = {
      billDate: Temporal.PlainDate.from(billDate),
      createdAt: Temporal.Instant.from(createdAt),
      zone,
    };
    expect(`${approvalTime(bill, grace)}`).toBe(expected);
  },
);
