// Spec 40 §4.6, §5.3: what an attached plan charges in advance, known without any measurements.
import type { Calculation } from './calculation.ts';
import {
  type ChargeTerms,
  groupMinimumSpend,
  groupStandingCharge,
  planMinimumSpend,
  planStandingCharge,
} from './charge-terms.ts';
import { counterSlots } from './counter-slot.ts';
import { EMPTY_DRAFT } from './draft.ts';
import type { DueMember } from './due-member.ts';
import { textOrder } from './facts-index.ts';
import { pricingFloors } from './floor.ts';
import { isGroupLead } from './group-lead.ts';
import { counterLines, isInAdvance } from './steps/counter-lines.ts';
import { minimumSpends } from './steps/minimum-spends.ts';
import { standingCharges } from './steps/standing-charges.ts';

/**
 * Whether the member's opening period alone leads to a line or a failure; else its start date is no bill
 * date.
 */
export function opensWithCharge(calculation: Calculation, member: DueMember): boolean {
  const alone: Calculation = { ...calculation, members: [{ ...member, closing: null }] };
  return [counterLines, standingCharges, minimumSpends]
    .map((step) => step(EMPTY_DRAFT, alone))
    .some((draft) => draft.lines.length > 0 || draft.failures.length > 0);
}

/** The charges of the member that are in advance, whatever their amounts, in order of their keys. */
export function advanceChargeKeys(calculation: Calculation, member: DueMember): readonly string[] {
  const { opening } = member;
  if (opening === null) return [];
  const floors = pricingFloors(calculation, member).map((floor) => floor.terms);
  const keys = [...planTerms(calculation, member), ...floors]
    .filter((terms) => terms.inAdvance)
    .map((terms) => terms.chargeKey);
  const counters = counterSlots(member.attached, calculation.index)
    .filter((slot) => isInAdvance(member, slot, opening))
    .map((slot) => slot.chargeKey);
  return [...keys, ...counters].toSorted(textOrder);
}

function planTerms({ index, attachedPlans }: Calculation, { attached }: DueMember): readonly ChargeTerms[] {
  const { organization } = index.facts;
  const own = [planStandingCharge(attached, organization), planMinimumSpend(attached, organization)];
  if (attached.group === null || !isGroupLead(attached, attachedPlans)) return own;
  return [
    ...own,
    groupStandingCharge(attached, attached.group, organization),
    groupMinimumSpend(attached, attached.group, organization),
  ];
}
