import { expect, test } from 'vitest';
import { at, day, organization } from '../../../test/support/bill-facts.ts';
import { chargeAfter, chargesFrom } from './charge-schedule.ts';

function billDates(inAdvance: boolean, billEpoch: string | null): readonly string[] {
  return chargesFrom(schedule(inAdvance, billEpoch), 0, 10).map((charge) => String(charge.billDate));
}

/** 2025 in quarters. */
function schedule(inAdvance: boolean, billEpoch: string | null) {
  return {
    times: {
      start: at('2025-01-01'),
      end: at('2026-01-01'),
      frequency: 'MONTHLY' as const,
      interval: 3,
      zone: 'UTC',
    },
    inAdvance,
    billEpoch: billEpoch === null ? null : day(billEpoch),
    epochs: organization(),
  };
}

test.each([
  [true, null, ['2025-01-01', '2025-04-01', '2025-07-01', '2025-10-01']],
  [false, null, ['2025-04-01', '2025-07-01', '2025-10-01', '2026-01-01']],
  [true, '2025-01-15', ['2025-01-15', '2025-04-15', '2025-07-15', '2025-10-15']],
])('in advance %s with the epoch %s, quarters are billed on %j', (inAdvance, epoch, dates) => {
  expect(billDates(inAdvance, epoch)).toEqual(dates);
});

test('the charge after a quarter is that of the next one, at midnight of its bill date', () => {
  expect(chargeAfter(schedule(false, null), at('2025-04-01'))).toEqual({
    index: 2,
    start: at('2025-07-01'),
    end: at('2025-10-01'),
    billDate: day('2025-10-01'),
    runAt: at('2025-10-01'),
  });
  expect(chargeAfter(schedule(false, null), at('2025-10-01'))).toBeNull();
});
