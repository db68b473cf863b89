// Spec 30 §10: credit pricings as negative lines, each capped by what the bill charges when it is its turn.
import { maxOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import { Temporal } from '../../kernel/time.ts';
import type { BillFailure } from './bill.ts';
import type { Calculation } from './calculation.ts';
import { type Draft, type DraftLine, type LineSpec, RANK, withFailure } from './draft.ts';
import { draftLine } from './draft-line.ts';
import type { PricingType } from './facts.ts';
import { textOrder } from './facts-index.ts';
import { isBillFailure, roundedAmount } from './line-amount.ts';
import type { RatedWindow } from './rated-window.ts';
import { usageSpecs } from './usage-specs.ts';

/** One of the two kinds of credit: which pricings make it, and which lines of the same bill it may offset. */
export type CreditKind = {
  readonly type: PricingType;
  readonly rank: 'productCredit' | 'globalCredit';
  readonly covers: (line: DraftLine, credit: DraftLine) => boolean;
};

/** The draft with all credits of that kind, by creation of their pricings, then by id. */
export function withCredits(draft: Draft, calculation: Calculation, kind: CreditKind): Draft {
  const windows = draft.rated.filter((rated) => rated.pricing.type === kind.type).toSorted(creditOrder);
  let grown = draft;
  for (const window of windows) {
    const specs = usageSpecs(calculation, window);
    if (isBillFailure(specs)) grown = withFailure(grown, calculation, specs);
    else for (const spec of specs) grown = withCredit(grown, calculation, { spec, kind });
  }
  return grown;
}

function creditOrder(a: RatedWindow, b: RatedWindow): number {
  return (
    Temporal.Instant.compare(a.pricing.dtCreated, b.pricing.dtCreated) ||
    textOrder(a.pricing.id, b.pricing.id) ||
    textOrder(a.attached.key, b.attached.key) ||
    Temporal.Instant.compare(a.span.start, b.span.start)
  );
}

function withCredit(
  draft: Draft,
  calculation: Calculation,
  { spec, kind }: { readonly spec: LineSpec; readonly kind: CreditKind },
): Draft {
  const credit = draftLine(calculation, creditSpec(spec, kind));
  if (isBillFailure(credit)) return withFailure(draft, calculation, credit);
  const capped = cappedLine(draft, calculation, { credit, kind });
  if (isBillFailure(capped)) return withFailure(draft, calculation, capped);
  return capped.convertedSubtotal.isZero() ? draft : { ...draft, lines: [...draft.lines, capped] };
}

/** Prices of a credit may be entered with either sign; the line is negative. */
function creditSpec(spec: LineSpec, kind: CreditKind): LineSpec {
  const credit = {
    ...spec,
    rank: RANK[kind.rank],
    lineItemType: 'USAGE_CREDIT' as const,
    rule: '30 §10',
    exactAmount: spec.exactAmount.abs().negated(),
  };
  return spec.subtotal === undefined ? credit : { ...credit, subtotal: spec.subtotal.abs().negated() };
}

/** When the cap binds, the line takes exactly the base in the bill's currency; what is beyond it is lost. */
function cappedLine(
  draft: Draft,
  calculation: Calculation,
  { credit, kind }: { readonly credit: DraftLine; readonly kind: CreditKind },
): DraftLine | BillFailure {
  const covered = draft.lines.filter(
    (line) => line.billAccountId === credit.billAccountId && kind.covers(line, credit),
  );
  const base = maxOf(sumOf(covered.map((line) => line.convertedSubtotal)), ZERO);
  if (credit.convertedSubtotal.abs().lte(base)) return credit;
  const convertedSubtotal = base.negated();
  const subtotal = roundedAmount(calculation, {
    amount: convertedSubtotal.dividedBy(credit.conversionRate),
    currency: credit.currency,
    entity: credit.description,
    billAccountId: credit.billAccountId,
  });
  if (isBillFailure(subtotal)) return subtotal;
  const figures = { uncapped: credit.convertedSubtotal, limit: convertedSubtotal };
  return { ...credit, subtotal, convertedSubtotal, reason: { ...credit.reason, figures } };
}
