// Spec 30 §15, 40 §5.4 step 3, §5.10: what counters cost: running totals, and changes during the period.
import { type Decimal, ZERO } from '../../../kernel/decimal.ts';
import { daysAfter, isBefore, later, localDate, startOfDate } from '../../../kernel/time.ts';
import { type ClosedSpan, clippedSpan } from '../../calendar/local-dates.ts';
import { timesFraction } from '../../money/fraction.ts';
import { ratingWindows, winnerAt } from '../../pricing/winner.ts';
import type { LineFigures, LineItemType, LineTiming } from '../bill.ts';
import type { Calculation } from '../calculation.ts';
import { type CounterPrice, priceOfChange, priceOfValue } from '../counter-price.ts';
import { type CounterSlot, counterSlots, type OwnedCounterPricing, valueOn } from '../counter-slot.ts';
import { type Draft, type LineSpec, RANK, withNonZeroLines } from '../draft.ts';
import type { ChargedPeriod, DueMember } from '../due-member.ts';
import type { CounterAdjustmentFacts } from '../facts.ts';
import { dateOrder } from '../plan-dates.ts';
import { hullOf } from '../service-span.ts';
import {
  fractionText,
  type PeriodToCharge,
  periodsToCharge,
  prorationOf,
  uncarriedPieces,
} from '../time-charge.ts';

export function counterLines(draft: Draft, calculation: Calculation): Draft {
  const specs: LineSpec[] = [];
  for (const member of calculation.members) {
    for (const slot of counterSlots(member.attached, calculation.index)) {
      specs.push(...adjustmentSpecs(member, slot), ...runningTotalSpecs(calculation, member, slot));
    }
  }
  return withNonZeroLines(draft, calculation, specs);
}

/** Running totals of the closing and the opening period, each in advance or in arrears by its own pricing. */
function runningTotalSpecs(
  calculation: Calculation,
  member: DueMember,
  slot: CounterSlot,
): readonly LineSpec[] {
  const { history } = calculation;
  const { closing, opening } = member;
  const alone = [
    { period: closing, part: { ...member, opening: null } },
    { period: opening, part: { ...member, closing: null } },
  ];
  const specs: LineSpec[] = [];
  for (const { period, part } of alone) {
    const inAdvance = period !== null && isInAdvance(part, slot, period);
    for (const toCharge of periodsToCharge(part, { chargeKey: slot.chargeKey, inAdvance }, history)) {
      specs.push(...periodSpecs(calculation, { member, slot, toCharge }));
    }
  }
  return specs;
}

type Charging = {
  readonly member: DueMember;
  readonly slot: CounterSlot;
  readonly toCharge: PeriodToCharge;
};

/**
 * What is not carried yet of the time to charge, by pricing. The value is that at the beginning of the period
 * also where only its end is charged: what changed in between is charged as an adjustment.
 */
function periodSpecs({ history }: Calculation, { member, slot, toCharge }: Charging): readonly LineSpec[] {
  const specs: LineSpec[] = [];
  for (const { span, pricing, isProrated } of pricedSpans(member, slot, toCharge.period)) {
    const charged = clippedSpan(toCharge.service, [span]);
    const pieces = charged === null ? [] : uncarriedPieces([charged], slot.chargeKey, history);
    if (pieces.length === 0) continue;
    specs.push(runningTotalSpec(member, slot, { toCharge, pieces, pricing, isProrated }));
  }
  return specs;
}

/** Whether the pricing in force when the period's service begins is billed in advance. */
export function isInAdvance({ attached }: DueMember, slot: CounterSlot, { service }: ChargedPeriod): boolean {
  const first = winnerAt(slot.pricings, service.start);
  return attached.calendar !== null && first?.runningTotalBillInAdvance === true;
}

type PricedSpan = {
  readonly pricing: OwnedCounterPricing;
  readonly span: ClosedSpan;
  readonly isProrated: boolean;
};

/**
 * The pricing in force when the service begins, for the whole of it; without one there is no charge. Where it
 * counts days and another takes over, each has its part by days: 31 a month each, changed on 16 May, are 15
 * and 16.
 */
function pricedSpans(
  { attached }: DueMember,
  slot: CounterSlot,
  { service }: ChargedPeriod,
): readonly PricedSpan[] {
  const first = winnerAt(slot.pricings, service.start);
  if (first === null) return [];
  const isProrated = first.proRateRunningTotal;
  if (attached.calendar === null || !isProrated) return [{ pricing: first, span: service, isProrated }];
  const windows = ratingWindows(slot.pricings, service.start, service.end);
  return windows.map(({ pricing, start, end }) => ({ pricing, span: { start, end }, isProrated }));
}

function runningTotalSpec(
  member: DueMember,
  slot: CounterSlot,
  from: Omit<PricedSpan, 'span'> & {
    readonly pieces: readonly ClosedSpan[];
    readonly toCharge: PeriodToCharge;
  },
): LineSpec {
  const { pricing, isProrated, pieces, toCharge } = from;
  const total = runningTotal(member, slot, toCharge.period);
  const price = priceOfValue(pricing, total);
  return counterSpec(member, slot, {
    pricing,
    lineItemType: 'COUNTER_RUNNING_TOTAL_CHARGE',
    timing: toCharge.timing,
    pieces,
    quantity: total,
    price,
    isProrated,
    figures: { charge: price.amount },
  });
}

/**
 * R(n): the value at the end of the day before the service, which begins later than its period where the plan
 * or the contract that limits it does: what came before is carried in, what comes after is an adjustment.
 */
function runningTotal({ attached }: DueMember, slot: CounterSlot, { service }: ChargedPeriod): Decimal {
  return valueOn(slot, daysAfter(localDate(service.start, attached.zone), -1));
}

/** One line per adjustment in the closing period that changes the value, charged from its day on. */
function adjustmentSpecs(member: DueMember, slot: CounterSlot): readonly LineSpec[] {
  const { attached, closing } = member;
  if (closing === null) return [];
  const { service } = closing;
  const firstDate = localDate(service.start, attached.zone);
  return slot.adjustments
    .filter(({ date }) => dateOrder(date, firstDate) >= 0)
    .filter(({ date }) => isBefore(startOfDate(date, attached.zone), service.end))
    .flatMap((adjustment) => adjustmentSpec(member, slot, { adjustment, service }));
}

function adjustmentSpec(
  member: DueMember,
  slot: CounterSlot,
  { adjustment, service }: { readonly adjustment: CounterAdjustmentFacts; readonly service: ClosedSpan },
): readonly LineSpec[] {
  const { date, value } = adjustment;
  const midnight = startOfDate(date, member.attached.zone);
  const pricing = winnerAt(slot.pricings, midnight);
  const before = valueOn(slot, daysAfter(date, -1));
  const change = value.minus(before);
  if (pricing === null || change.isZero()) return [];
  const isRise = change.gt(ZERO);
  const price = priceOfChange(pricing, before, value);
  const spec = counterSpec(member, slot, {
    pricing,
    lineItemType: isRise ? 'COUNTER_ADJUSTMENT_DEBIT' : 'COUNTER_ADJUSTMENT_CREDIT',
    timing: 'ARREARS',
    pieces: [{ start: later(midnight, service.start), end: service.end }],
    quantity: change.abs(),
    price,
    isProrated: isRise ? pricing.proRateAdjustmentDebit : pricing.proRateAdjustmentCredit,
    figures: { charge: price.amount, before, after: value },
  });
  return [spec];
}

type CounterCharge = {
  readonly pricing: OwnedCounterPricing;
  readonly lineItemType: LineItemType & keyof typeof DESCRIPTIONS;
  readonly timing: LineTiming;
  readonly pieces: readonly ClosedSpan[];
  readonly quantity: Decimal;
  readonly price: CounterPrice;
  readonly isProrated: boolean;
  readonly figures: LineFigures;
};

const DESCRIPTIONS = {
  COUNTER_RUNNING_TOTAL_CHARGE: 'Counter Running Total Charge',
  COUNTER_ADJUSTMENT_DEBIT: 'Counter Adjustment Debit',
  COUNTER_ADJUSTMENT_CREDIT: 'Counter Adjustment Credit',
} as const;

/** Prorated by the days of the service in its billing cycle; bands show the full price. */
function counterSpec({ attached }: DueMember, slot: CounterSlot, charge: CounterCharge): LineSpec {
  const { pricing, lineItemType, price, quantity, pieces } = charge;
  const share = prorationOf(attached, pieces);
  return {
    attached,
    isGroupCharge: false,
    owner: attached.account,
    rank: RANK.counter,
    lineItemType,
    rule: '30 §15',
    chargeKey: slot.chargeKey,
    timing: charge.timing,
    service: hullOf(pieces),
    description: pricing.description ?? DESCRIPTIONS[lineItemType],
    currency: attached.template.currency,
    exactAmount: charge.isProrated ? timesFraction(price.amount, share) : price.amount,
    product: attached.product,
    accountingProductId: pricing.accountingProductId ?? attached.product.id,
    quantity,
    units: quantity,
    unit: slot.counter.unit,
    bands: price.bands,
    origin: {
      pricingId: pricing.id,
      counterId: slot.counter.id,
      figures: charge.figures,
      ...(charge.isProrated ? { proration: fractionText(share) } : {}),
    },
  };
}
