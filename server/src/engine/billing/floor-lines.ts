// Spec 30 §12, 40 §5.5: the lines of one floor: what is charged in advance, what of it is given back, the
// top-up.
import { type Decimal, maxOf, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import { isBefore, Temporal } from '../../kernel/time.ts';
import { type ClosedSpan, clippedSpan } from '../calendar/local-dates.ts';
import { timesFraction } from '../money/fraction.ts';
import type { BilledLine, BillFailure } from './bill.ts';
import type { Calculation } from './calculation.ts';
import { type Draft, FIXED_AMOUNT, type LineSpec, withFailure, withNonZeroLines } from './draft.ts';
import type { ChargedPeriod } from './due-member.ts';
import type { Floor } from './floor.ts';
import { convertedAmount, isBillFailure } from './line-amount.ts';
import { placementOf } from './placement.ts';
import { hullOf, isWithin } from './service-span.ts';
import {
  fractionText,
  type PeriodToCharge,
  periodsToCharge,
  prorationOf,
  servicePeriod,
  uncarriedPieces,
} from './time-charge.ts';

/**
 * The draft with the floor's lines. In advance M is billed when the period begins and min(M, Q) is given
 * back when it ends, so that both bills come to max(M, Q); in arrears the top-up is M - Q. What was billed
 * in advance is given back also when the setting has changed since.
 */
export function withFloorLines(draft: Draft, calculation: Calculation, floor: Floor): Draft {
  if (isWithoutEffect(calculation, floor)) return draft;
  const due = periodsToCharge(floor.member, floor.terms, calculation.history);
  const inAdvance = due.filter(({ timing }) => timing === 'ADVANCE');
  const billed = withNonZeroLines(
    draft,
    calculation,
    inAdvance.flatMap((toCharge) => minimumSpec(calculation, floor, { toCharge, spend: ZERO })),
  );
  const { closing } = floor.member;
  if (closing === null || billed.failures.length > 0) return billed;
  const spend = spendIn(billed, calculation, { floor, closing });
  if (isBillFailure(spend)) return withFailure(billed, calculation, spend);
  const refunds = refundSpecs(billed, calculation, { floor, closing, spend });
  const givenBack = sumOf(refunds.map((refund) => refund.exactAmount.negated()));
  const inArrears = due.filter(({ timing }) => timing === 'ARREARS');
  const topUps = inArrears.flatMap((toCharge) =>
    minimumSpec(calculation, floor, { toCharge, spend: spend.minus(givenBack) }),
  );
  return withNonZeroLines(billed, calculation, [...refunds, ...topUps]);
}

/** Most plans have no minimum spend, and nothing of an earlier one is left to give back. */
function isWithoutEffect({ history }: Calculation, { terms }: Floor): boolean {
  return terms.amount.isZero() && !history.otherLinesByChargeKey.has(terms.chargeKey);
}

/**
 * The minimum of a period less the spend that already meets it; nothing when it is met. Floor 300, spend 180:
 * 120. The minimum is prorated by the days in which the floor applies.
 */
function minimumSpec(
  { history }: Calculation,
  floor: Floor,
  { toCharge, spend }: { readonly toCharge: PeriodToCharge; readonly spend: Decimal },
): readonly LineSpec[] {
  const { terms, member } = floor;
  const spans = floor.spansIn(toCharge.service);
  const pieces = uncarriedPieces(spans, terms.chargeKey, history);
  if (pieces.length === 0) return [];
  const share = prorationOf(member.attached, pieces);
  const minimum = timesFraction(terms.amount, share);
  const exactAmount = maxOf(minimum.minus(spend), ZERO);
  const spec: LineSpec = {
    ...fixedFields(floor),
    lineItemType: 'MINIMUM_SPEND',
    timing: toCharge.timing,
    service: hullOf(pieces),
    currency: terms.currency,
    exactAmount,
    origin: { ...floor.origin, proration: fractionText(share), figures: { minimum, spend } },
  };
  return [spec];
}

function fixedFields(floor: Floor) {
  const { terms, member, isGroupCharge, rank, product } = floor;
  return {
    ...FIXED_AMOUNT,
    attached: member.attached,
    owner: member.attached.account,
    isGroupCharge,
    rank,
    product,
    rule: '30 §12',
    chargeKey: terms.chargeKey,
    description: terms.description,
    accountingProductId: terms.accountingProductId,
  } as const;
}

type Settling = { readonly floor: Floor; readonly closing: ChargedPeriod };

/** What was spent in the closing period towards the floor, in the floor's currency, not below 0. */
function spendIn(
  draft: Draft,
  calculation: Calculation,
  { floor, closing }: Settling,
): Decimal | BillFailure {
  const others = linesOfOtherBills(calculation, floor).filter(
    (line) => floor.countsOtherBills || line.reason.timing === 'ADVANCE',
  );
  const billAccountId = billOfFloor(calculation, floor);
  const sums = new Map<string | null, Decimal>();
  for (const line of [...draft.lines, ...others]) {
    if (!floor.counts(line) || !isOfPeriod(line, closing.service)) continue;
    const amount = line.reason.normalSubtotal ?? line.subtotal;
    const named = { amount, currency: line.currency, entity: floor.terms.description, billAccountId };
    const counted = convertedAmount(calculation, named, floor.terms.currency);
    if (isBillFailure(counted)) return counted;
    const name = floor.sumOf(line);
    sums.set(name, (sums.get(name) ?? ZERO).plus(counted.amount));
  }
  const spends = [...sums].map(([name, sum]) => (name === null ? sum : maxOf(sum, ZERO)));
  return maxOf(sumOf(spends), ZERO);
}

/**
 * In advance a line belongs to the period in which its service begins, in arrears to that in which it ends: a
 * week from 29 April is billed on 6 May and can only count in May.
 */
function isOfPeriod(line: BilledLine, { start, end }: ClosedSpan): boolean {
  const { servicePeriodStartDate: from, servicePeriodEndDate: to, reason } = line;
  if (reason.timing === 'ADVANCE') return isWithin(from, { start, end });
  return isBefore(start, to) && !isBefore(end, to);
}

function billOfFloor(calculation: Calculation, { member: { attached } }: Floor): string {
  return placementOf(calculation, attached, attached.account).billAccountId;
}

/**
 * Gives back what was billed in advance for the closing period, at most the spend and at most what is left
 * of it.
 */
function refundSpecs(
  draft: Draft,
  calculation: Calculation,
  { floor, closing, spend }: Settling & { readonly spend: Decimal },
): readonly LineSpec[] {
  const others = calculation.history.otherLinesByChargeKey.get(floor.terms.chargeKey) ?? [];
  const specs: LineSpec[] = [];
  let left = spend;
  for (const line of advanceLines([...draft.lines, ...others], floor)) {
    const service = clippedSpan(closing.service, [servicePeriod(line)]);
    if (service === null) continue;
    const before = others.filter((other) => other.reason.refundedLineKey === line.key);
    const available = line.subtotal.plus(sumOf(before.map((refund) => refund.subtotal)));
    const amount = maxOf(minOf(available, left), ZERO);
    left = left.minus(amount);
    specs.push({
      ...fixedFields(floor),
      lineItemType: 'MINIMUM_SPEND_REFUND',
      timing: 'ARREARS',
      service,
      currency: line.currency,
      exactAmount: amount.negated(),
      origin: { ...floor.origin, refundedLineKey: line.key, figures: { billed: available, spend } },
    });
  }
  return specs;
}

function advanceLines(lines: readonly BilledLine[], floor: Floor): readonly BilledLine[] {
  return lines
    .filter((line) => line.reason.chargeKey === floor.terms.chargeKey)
    .filter((line) => line.lineItemType === 'MINIMUM_SPEND' && line.reason.timing === 'ADVANCE')
    .toSorted((a, b) => Temporal.Instant.compare(a.servicePeriodStartDate, b.servicePeriodStartDate));
}

function linesOfOtherBills({ history }: Calculation, floor: Floor): readonly BilledLine[] {
  return history.otherLinesByAccountPlan.get(floor.member.attached.accountPlan.id) ?? [];
}
