// Spec 30 §8: the service time of an attached plan before an instant, period by period.
import type { Instant } from '../../kernel/time.ts';
import { type ClosedSpan, clippedSpan, type DateSpan, instantsOf } from '../calendar/local-dates.ts';
import type { Calculation } from './calculation.ts';
import { type DueMember, periodsOf } from './due-member.ts';
import { dateOrder, periodsUntil } from './plan-dates.ts';

/** A billing period and the part of it that is charged. */
export type ServicePeriod = DateSpan & { readonly service: ClosedSpan };

/**
 * The service time before `until`: every period by the plan's calendar before the closing one, and the part
 * of the closing one before `until`. A plan without a cycle has the periods of its existing bills.
 */
export function earlierServices(
  calculation: Calculation,
  { attached, closing }: DueMember,
  until: Instant,
): readonly ServicePeriod[] {
  if (closing === null) return [];
  const billed = periodsOf(calculation.history.otherParts.get(attached.key) ?? []);
  const periods = attached.calendar === null ? billed : periodsUntil(attached.calendar, closing.start);
  const before = periods
    .filter((period) => dateOrder(period.end, closing.start) <= 0)
    .toSorted((a, b) => dateOrder(a.start, b.start));
  const active = { start: attached.activeStart, end: until };
  return [...before, closing].flatMap(({ start, end }) => {
    const service = clippedSpan(instantsOf({ start, end }, attached.zone), [active]);
    return service === null ? [] : [{ start, end, service }];
  });
}
