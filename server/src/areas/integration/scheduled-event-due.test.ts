import { expect, test } from 'vitest';
import { Temporal } from '../../kernel/time.ts';
import { datesDue, dueInstant, isWithin, momentsDue } from './scheduled-event-due.ts';

const at = Temporal.Instant.from;

test.each([
  // Berlin is at +01:00 until 31 March 2024 and at +02:00 from then on.
  ['2024-03-01', 5, 'Europe/Berlin', '2024-03-05T23:00:00Z'],
  ['2024-04-01', 5, 'Europe/Berlin', '2024-04-05T22:00:00Z'],
  ['2024-03-01', -1, 'UTC', '2024-02-29T00:00:00Z'],
  ['2024-01-31', 0, '-05:00', '2024-01-31T05:00:00Z'],
])('%s with %d days in %s is due at %s', (date, offset, zone, due) => {
  const value = Temporal.PlainDate.from(date);
  expect(String(dueInstant(value, { offset, zone }))).toBe(due);
});

test('a moment is due at the same local time, whatever the hours in between', () => {
  // 12:00 at +01:00, two days later 12:00 at +02:00.
  const due = dueInstant(at('2024-03-30T11:00:00Z'), { offset: 2, zone: 'Europe/Berlin' });
  expect(String(due)).toBe('2024-04-01T10:00:00Z');
});

test.each([
  ['2024-03-05T22:59:00Z', '2024-03-05T23:00:00Z', ['2024-03-01']],
  ['2024-03-05T23:00:00Z', '2024-03-05T23:01:00Z', []],
  ['2024-03-05T12:00:00Z', '2024-03-08T12:00:00Z', ['2024-03-01', '2024-03-02', '2024-03-03']],
])('between %s and %s the events of %j are due', (after, until, dates) => {
  const found = datesDue({ after: at(after), until: at(until) }, { offset: 5, zone: 'Europe/Berlin' });
  expect(found.map(String)).toEqual(dates);
});

test.each([-400, -3, 0, 3, 400])('every moment that is due is looked at, with %d days', (offset) => {
  const schedule = { offset, zone: 'Europe/Berlin' };
  const window = { after: at('2024-06-01T00:00:00Z'), until: at('2024-06-01T01:00:00Z') };
  const wide = momentsDue(window, schedule);
  for (let minutes = -300; minutes <= 300; minutes += 10) {
    const value = at('2024-06-01T00:30:00Z')
      .subtract({ hours: 24 * offset })
      .add({ minutes });
    if (isWithin(dueInstant(value, schedule), window)) expect(isWithin(value, wide)).toBe(true);
  }
  const due = at('2024-06-01T00:30:00Z').toZonedDateTimeISO(schedule.zone).subtract({ days: offset });
  expect(isWithin(due.toInstant(), wide)).toBe(true);
});
