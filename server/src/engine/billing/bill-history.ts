// Spec 40 §3.4, §5.3: what the unit's bills have charged so far, found by attached plan and by charge.
import type { PlainDate } from '../../kernel/time.ts';
import { type ClosedSpan, instantsOf } from '../calendar/local-dates.ts';
import { attachedKey } from './attached-plan.ts';
import type { BilledLine, BilledPeriod, BillIdentity, BillStamp } from './bill.ts';
import { type BillSlot, isConsolidated, isSameSlot } from './bill-slot.ts';
import { isKept, unmergedLines } from './held-places.ts';

/** What later calculations need of a bill, stored or just calculated. */
export type BillRecord = {
  readonly identity: BillIdentity;
  readonly stamp: Pick<BillStamp, 'timezone'>;
  readonly periods: readonly BilledPeriod[];
  readonly lines: readonly BilledLine[];
  /** Left out: it may be calculated again. */
  readonly locked?: boolean;
  readonly settled?: boolean;
};

/** An attached plan's part in one bill. */
export type BilledPart = BilledPeriod & {
  readonly gridDate: PlainDate;
  /** The zone of the bill's days. */
  readonly zone: string;
  readonly isConsolidated: boolean;
  /** Whether the bill stays as it is. */
  readonly isKept: boolean;
};

/** Keys of attached plans are those of `AttachedPlan`; a key without an entry was never billed. */
export type BillHistory = {
  /** In the slot's own bills as they stand, which the calculation replaces. */
  readonly slotParts: ReadonlyMap<string, readonly BilledPart[]>;
  /** In all other bills of the unit. */
  readonly otherParts: ReadonlyMap<string, readonly BilledPart[]>;
  readonly slotLinesByChargeKey: ReadonlyMap<string, readonly BilledLine[]>;
  readonly otherLinesByChargeKey: ReadonlyMap<string, readonly BilledLine[]>;
  readonly otherLinesByAccountPlan: ReadonlyMap<string | null, readonly BilledLine[]>;
  /** When bills that stay as they are settle a charge in arrears: a minimum that is met has no line. */
  readonly otherArrearsByChargeKey: ReadonlyMap<string, readonly ClosedSpan[]>;
};

/**
 * The history as one slot sees it. An unlocked bill of the slot that a former parent has does not count: when
 * that one is calculated again, it charges nothing of the unit any more.
 */
export function billHistory(
  slot: BillSlot,
  bills: readonly BillRecord[],
  formerBills: readonly BillRecord[],
): BillHistory {
  const own = bills.filter((bill) => isSameSlot(bill.identity, slot));
  const others = [
    ...bills.filter((bill) => !isSameSlot(bill.identity, slot)),
    ...formerBills.filter((bill) => bill.locked || !isSameSlot(bill.identity, slot)),
  ];
  const otherParts = others.flatMap(partsOf);
  const slotLines = own.flatMap((bill) => bill.lines).flatMap(unmergedLines);
  const otherLines = others.flatMap((bill) => bill.lines).flatMap(unmergedLines);
  return {
    slotParts: groupedBy(own.flatMap(partsOf), partKey),
    otherParts: groupedBy(otherParts, partKey),
    slotLinesByChargeKey: groupedBy(slotLines, (line) => line.reason.chargeKey),
    otherLinesByChargeKey: groupedBy(otherLines, (line) => line.reason.chargeKey),
    otherLinesByAccountPlan: groupedBy(otherLines, (line) => line.reason.accountPlanId),
    otherArrearsByChargeKey: arrearsOf(otherParts),
  };
}

function arrearsOf(parts: readonly BilledPart[]): ReadonlyMap<string, readonly ClosedSpan[]> {
  const spans = new Map<string, ClosedSpan[]>();
  for (const { period, zone, isKept: isFinal, arrearsChargeKeys = [] } of parts) {
    if (period === null || !isFinal) continue;
    for (const key of arrearsChargeKeys) {
      spans.set(key, [...(spans.get(key) ?? []), instantsOf(period, zone)]);
    }
  }
  return spans;
}

function partsOf(record: BillRecord): readonly BilledPart[] {
  const { identity, stamp, periods } = record;
  const bill = {
    gridDate: identity.gridDate,
    zone: stamp.timezone,
    isConsolidated: isConsolidated(identity),
    isKept: isKept(record),
  };
  return periods.map((period) => ({ ...bill, ...period }));
}

function partKey({ accountPlanId, planId }: BilledPeriod): string {
  return attachedKey(accountPlanId, planId);
}

function groupedBy<K, T>(rows: readonly T[], key: (row: T) => K): ReadonlyMap<K, readonly T[]> {
  const groups = new Map<K, T[]>();
  for (const row of rows) {
    const group = groups.get(key(row));
    if (group === undefined) groups.set(key(row), [row]);
    else group.push(row);
  }
  return groups;
}
