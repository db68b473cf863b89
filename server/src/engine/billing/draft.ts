// Spec 40 §5.2, §5.4, §5.7, §5.8: the growing calculation; a line is rounded and converted as it is added.
import { type Decimal, ONE } from '../../kernel/decimal.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import type { UsageQuery } from '../metering/usage-query.ts';
import type { BandUsage } from '../pricing/band-usage.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { BillFailure, BillLine, LineFigures, LineItemType, LineTiming, LineUsage } from './bill.ts';
import type { Calculation } from './calculation.ts';
import type { DraftDraw } from './credit-draw.ts';
import { draftLine } from './draft-line.ts';
import type { Taken } from './draw-down.ts';
import type { AccountFacts, ProductFacts } from './facts.ts';
import { isBillFailure } from './line-amount.ts';
import type { RatedWindow } from './rated-window.ts';

/** A line while the bills are made: with its bill's account, its place in the order, and its attachment. */
export type DraftLine = Omit<BillLine, 'sequenceNumber'> & {
  readonly billAccountId: string;
  readonly rank: number;
  readonly planCode: string;
  /** Key of the attached plan, for lines of a plan group that of its lead; null for lines of no plan. */
  readonly attachedKey: string | null;
};

/**
 * What the steps hand on. Questions or failures end the calculation after the step that found them, so a
 * step always sees complete results of the steps before it.
 */
export type Draft = {
  readonly rated: readonly RatedWindow[];
  readonly lines: readonly DraftLine[];
  /** What credits pay, before it shows as lines. */
  readonly taken: readonly Taken[];
  readonly draws: readonly PlacedDraw[];
  readonly needs: readonly UsageQuery[];
  readonly failures: readonly BillFailure[];
};

export const EMPTY_DRAFT: Draft = {
  rated: [],
  lines: [],
  taken: [],
  draws: [],
  needs: [],
  failures: [],
};

/** One step of spec 40 §5.4. */
export type Step = (draft: Draft, calculation: Calculation) => Draft;

/** Positions of the steps' lines on the bill (spec 40 §5.4); gaps follow the numbers of the specification. */
export const RANK = {
  usage: 20,
  counter: 30,
  planStandingCharge: 40,
  groupStandingCharge: 41,
  productCredit: 50,
  pricingMinimumSpend: 60,
  planMinimumSpend: 61,
  groupMinimumSpend: 62,
  charge: 70,
  balanceFee: 71,
  commitmentFee: 72,
  globalCredit: 80,
  /** Of the kind that is drawn on first; the other one follows. */
  drawDown: 90,
  overageUsage: 100,
  overageSurcharge: 101,
  memo: 110,
} as const;

/** A line before rounding and conversion. `attached` is a group's lead member when `isGroupCharge`. */
export type LineSpec = {
  readonly attached: AttachedPlan;
  readonly isGroupCharge: boolean;
  /** The account that the line belongs to: the attachment's, or that of a share of a pooled block. */
  readonly owner: AccountFacts;
  readonly rank: number;
  readonly lineItemType: LineItemType;
  readonly rule: string;
  readonly chargeKey: string;
  readonly timing: LineTiming;
  readonly service: ClosedSpan;
  readonly description: string;
  readonly currency: string;
  readonly exactAmount: Decimal;
  readonly product: ProductFacts | null;
  readonly accountingProductId: string | null;
  readonly quantity: Decimal;
  readonly units: Decimal;
  readonly unit: string;
  readonly bands: readonly BandUsage[] | null;
  readonly origin: LineOrigin;
  /** Set where the rounded amount is fixed already, as in a share of a split block. */
  readonly subtotal?: Decimal;
};

/** What is taken from a credit for the bill of an account. */
export type PlacedDraw = DraftDraw & { readonly billAccountId: string };

/** What a line comes from; fields that do not apply are left out. */
export type LineOrigin = {
  readonly pricingId?: string;
  readonly aggregationId?: string;
  readonly compoundAggregationId?: string;
  readonly meterId?: string;
  readonly counterId?: string;
  readonly segment?: BillLine['segment'];
  readonly usage?: readonly LineUsage[];
  readonly earlierUnits?: Decimal;
  readonly proration?: string;
  readonly refundedLineKey?: string;
  readonly figures?: LineFigures;
};

/** The parts of a spec that are the same for every fixed amount: one of it, no unit. */
export const FIXED_AMOUNT = { quantity: ONE, units: ONE, unit: '', bands: null } as const;

/** The draft with one more line, or with the failure of its rounding or conversion. */
export function withLine(draft: Draft, calculation: Calculation, spec: LineSpec): Draft {
  const line = draftLine(calculation, spec);
  if (isBillFailure(line)) return withFailure(draft, calculation, line);
  return { ...draft, lines: [...draft.lines, line] };
}

/** The draft with those lines, or the failures of those that cannot be made. */
export function withMade(
  draft: Draft,
  calculation: Calculation,
  made: readonly (DraftLine | BillFailure)[],
): Draft {
  if (made.length === 0) return draft;
  const lines = made.filter((line): line is DraftLine => !isBillFailure(line));
  const grown: Draft = { ...draft, lines: [...draft.lines, ...lines] };
  return made.filter(isBillFailure).reduce((all, one) => withFailure(all, calculation, one), grown);
}

/** The draft with the failure, unless that concerns nothing but a bill which stays as it is anyway. */
export function withFailure(draft: Draft, { unwritten }: Calculation, failure: BillFailure): Draft {
  if (failure.billAccountId !== null && unwritten.has(failure.billAccountId)) return draft;
  return { ...draft, failures: [...draft.failures, failure] };
}

/** The draft with those lines; amounts that round to 0 leave no line (spec 40 §4.6). */
export function withNonZeroLines(draft: Draft, calculation: Calculation, specs: readonly LineSpec[]): Draft {
  let grown = draft;
  for (const spec of specs) grown = withNonZeroLine(grown, calculation, spec);
  return grown;
}

function withNonZeroLine(draft: Draft, calculation: Calculation, spec: LineSpec): Draft {
  if (spec.exactAmount.isZero()) return draft;
  const grown = withLine(draft, calculation, spec);
  const added = grown.lines.at(-1);
  return grown.lines.length > draft.lines.length && added?.subtotal.isZero() ? draft : grown;
}
