// Spec 40 §5.2: the reason of a line that charges for no measurements and no attached plan.
import type { LineReason } from './bill.ts';

export const PLAIN_REASON = {
  accountPlanId: null,
  usage: [],
  earlierUnits: null,
  proration: null,
  normalSubtotal: null,
  refundedLineKey: null,
  mergedFrom: [],
  drawn: [],
} as const satisfies Partial<LineReason>;
