// Spec 30 §12: the three scopes of a minimum spend: what it is, when it applies and what counts towards it.
import type { ClosedSpan } from '../calendar/local-dates.ts';
import type { BilledLine } from './bill.ts';
import type { Calculation } from './calculation.ts';
import {
  type ChargeTerms,
  groupMinimumSpend,
  groupProduct,
  minimumSpendDescription,
  planMinimumSpend,
} from './charge-terms.ts';
import { type LineOrigin, type LineSpec, RANK } from './draft.ts';
import type { DueMember } from './due-member.ts';
import { isGroupLead } from './group-lead.ts';
import { type Metric, metricOf, metricOrigin } from './metric.ts';
import { type OwnedPricing, type PricingSlot, pricedWindows, pricingSlots } from './pricing-slot.ts';

/** A minimum spend of one due member in one scope. */
export type Floor = Pick<LineSpec, 'isGroupCharge' | 'rank' | 'product'> & {
  readonly member: DueMember;
  readonly terms: ChargeTerms;
  readonly origin: LineOrigin;
  /** The parts of a period in which the floor applies. */
  readonly spansIn: (service: ClosedSpan) => readonly ClosedSpan[];
  /** Whether a line is of the charges that the floor compares with (its period is checked elsewhere). */
  readonly counts: (line: CountedLine) => boolean;
  /** The sum that a line adds to: it counts as 0 when it is below. Null: the line counts by itself. */
  readonly sumOf: (line: CountedLine) => string | null;
  /**
   * Whether lines of other bills count that were billed in arrears: only for groups of several frequencies.
   */
  readonly countsOtherBills: boolean;
};

/** What decides whether a line counts, of this bill or of another. */
export type CountedLine = BilledLine;

const CONSUMPTION = [
  'USAGE',
  'OVERAGE_USAGE',
  'USAGE_CREDIT',
  'COUNTER_RUNNING_TOTAL_CHARGE',
  'COUNTER_ADJUSTMENT_DEBIT',
  'COUNTER_ADJUSTMENT_CREDIT',
];
const FLOORS = ['MINIMUM_SPEND', 'MINIMUM_SPEND_REFUND'];

/** One floor per priced metric that charges usage, in the order of slots and pricing ids. */
export function pricingFloors(calculation: Calculation, member: DueMember): readonly Floor[] {
  const floors: Floor[] = [];
  for (const slot of pricingSlots(member.attached, calculation.index)) {
    if (slot.type !== 'DEBIT') continue;
    for (const pricing of slot.pricings) floors.push(pricingFloor({ calculation, member, slot, pricing }));
  }
  return floors;
}

type PricingScope = {
  readonly calculation: Calculation;
  readonly member: DueMember;
  readonly slot: PricingSlot;
  readonly pricing: OwnedPricing;
};

function pricingFloor({ calculation, member, slot, pricing }: PricingScope): Floor {
  const { attached } = member;
  const metric = metricOf(calculation.index, pricing);
  return {
    member,
    isGroupCharge: false,
    rank: RANK.pricingMinimumSpend,
    product: attached.product,
    terms: pricingTerms({ calculation, member, slot, pricing }, metric),
    origin: {
      pricingId: pricing.id,
      ...metricOrigin(metric),
      segment: pricing.segment,
    },
    spansIn: (service) =>
      pricedWindows(slot, service)
        .filter((window) => window.pricing.id === pricing.id)
        .map((window) => window.span),
    counts: (line) =>
      isOfMember(line, member) && line.pricingId === pricing.id && line.lineItemType === 'USAGE',
    sumOf: planOf,
    countsOtherBills: false,
  };
}

function pricingTerms({ calculation, member, pricing }: PricingScope, { row: metric }: Metric): ChargeTerms {
  const { attached } = member;
  const organization = calculation.index.facts.organization;
  const inAdvance = pricing.minimumSpendBillInAdvance ?? organization.minimumSpendBillInAdvance;
  return {
    chargeKey: `minimum/${attached.key}/pricing/${pricing.id}`,
    amount: pricing.minimumSpend,
    currency: attached.template.currency,
    inAdvance: inAdvance && attached.calendar !== null,
    description: pricing.minimumSpendDescription ?? minimumSpendDescription(metric.name),
    accountingProductId: pricing.accountingProductId ?? metric.accountingProductId ?? attached.product.id,
    turn: { interval: 1, offset: 0 },
  };
}

export function planFloors(calculation: Calculation, member: DueMember): readonly Floor[] {
  const { attached } = member;
  const floor: Floor = {
    member,
    isGroupCharge: false,
    rank: RANK.planMinimumSpend,
    product: attached.product,
    terms: planMinimumSpend(attached, calculation.index.facts.organization),
    origin: {},
    spansIn: (service) => [service],
    counts: (line) => isOfMember(line, member) && isSpend(calculation, line) && !isPlanFloor(line),
    sumOf: planOf,
    countsOtherBills: false,
  };
  return [floor];
}

/**
 * The floor of the group, once, in the periods of the member that leads; it counts the plans' floors too. A
 * member whose credits exceed its usage counts with 0: 40 less a credit of 80, and 100 of another, are 100.
 */
export function groupFloors(calculation: Calculation, member: DueMember): readonly Floor[] {
  const { attached } = member;
  const { index, attachedPlans } = calculation;
  if (attached.group === null || !isGroupLead(attached, attachedPlans)) return [];
  const terms = groupMinimumSpend(attached, attached.group, index.facts.organization);
  const floor: Floor = {
    member,
    isGroupCharge: true,
    rank: RANK.groupMinimumSpend,
    product: groupProduct(terms, index.products),
    terms,
    origin: {},
    spansIn: (service) => [service],
    counts: (line) =>
      line.reason.accountPlanId === attached.accountPlan.id &&
      line.planId !== null &&
      isSpend(calculation, line),
    sumOf: (line) => (isPlanFloor(line) ? null : planOf(line)),
    countsOtherBills: true,
  };
  return [floor];
}

function planOf({ planId }: CountedLine): string | null {
  return planId;
}

/** Of a minimum spend of the plan as a whole, when it is a line of a plan. */
function isPlanFloor({ lineItemType, pricingId }: CountedLine): boolean {
  return pricingId === null && FLOORS.includes(lineItemType);
}

function isOfMember(line: CountedLine, { attached }: DueMember): boolean {
  return line.reason.accountPlanId === attached.accountPlan.id && line.planId === attached.plan.id;
}

/**
 * Consumption at normal prices less product credits, and inner floors; global credits come after (30 §10).
 */
function isSpend({ index }: Calculation, line: CountedLine): boolean {
  if (FLOORS.includes(line.lineItemType)) return true;
  const pricing = line.pricingId === null ? undefined : index.pricings.get(line.pricingId);
  return CONSUMPTION.includes(line.lineItemType) && pricing?.type !== 'GLOBAL_CREDIT';
}
