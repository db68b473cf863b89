// Spec 40 §5.4: the order of the lines on a bill.
import { Temporal } from '../../kernel/time.ts';
import type { BillLine } from './bill.ts';
import type { DraftLine } from './draft.ts';
import { textOrder } from './facts-index.ts';
import { segmentKey } from './pricing-slot.ts';

/** The lines of one bill in order: by step, then product name, plan code, description, segment and child. */
export function numberedLines(lines: readonly DraftLine[]): readonly BillLine[] {
  return lines.toSorted(lineOrder).map((line, at) => {
    const { billAccountId, rank, planCode, attachedKey, ...fields } = line;
    // A memo line has the number that it had on the bill before.
    return Object.assign(fields, { sequenceNumber: at + 1 });
  });
}

/** Negative, 0 or positive, as lines of one bill follow each other. */
export function lineOrder(a: DraftLine, b: DraftLine): number {
  return (
    a.rank - b.rank ||
    textOrder(a.productName ?? '', b.productName ?? '') ||
    textOrder(a.planCode, b.planCode) ||
    textOrder(a.description, b.description) ||
    textOrder(segmentKey(a.segment), segmentKey(b.segment)) ||
    textOrder(a.childAccountCode ?? '', b.childAccountCode ?? '') ||
    Temporal.Instant.compare(a.servicePeriodStartDate, b.servicePeriodStartDate) ||
    textOrder(a.key, b.key)
  );
}
