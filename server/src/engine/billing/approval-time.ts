// Spec 40 §7.4: when a bill is approved by itself.
import { type Instant, later, type PlainDate, startOfDate } from '../../kernel/time.ts';

export type GracePeriod = { readonly length: number; readonly unit: 'MINUTES' | 'HOURS' | 'DAYS' };

type Pending = {
  readonly billDate: PlainDate;
  readonly createdAt: Instant;
  /** The bill's Temporal zone id. */
  readonly zone: string;
};

/**
 * The end of the grace period, which begins with the local bill date or with the bill itself, whichever is
 * later. Days are calendar days: a bill dated 1 June with 3 DAYS is approved when 4 June begins.
 */
export function approvalTime({ billDate, createdAt, zone }: Pending, { length, unit }: GracePeriod): Instant {
  const start = later(startOfDate(billDate, zone), createdAt);
  if (unit === 'MINUTES') return start.add({ minutes: length });
  if (unit === 'HOURS') return start.add({ hours: length });
  return start.toZonedDateTimeISO(zone).add({ days: length }).toInstant();
}
