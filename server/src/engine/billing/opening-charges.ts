// Spec 40 §4.6, §5.3: what an attached plan charges in advance, known without any measurements.
import type { BilledPeriod } from './bill.ts';
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

/** The keys of the member's charges for time, in order. */
type TimeChargeKeys = Required<Pick<BilledPeriod, 'advanceChargeKeys' | 'arrearsChargeKeys'>>;

/** In advance for what the member opens, whatever their amounts; in arrears for what it closes, if not 0. */
export function timeChargeKeys(calculation: Calculation, member: DueMember): TimeChargeKeys {
  const { opening, closing } = member;
  const advanceChargeKeys: string[] = [];
  const arrearsChargeKeys: string[] = [];
  for (const { inAdvance, amount, chargeKey } of timeTerms(calculation, member)) {
    if (inAdvance && opening !== null) advanceChargeKeys.push(chargeKey);
    if (!inAdvance && closing !== null && !amount.isZero()) arrearsChargeKeys.push(chargeKey);
  }
  for (const slot of counterSlots(member.attached, calculation.index)) {
    if (opening !== null && isInAdvance(member, slot, opening)) advanceChargeKeys.push(slot.chargeKey);
    if (closing !== null && !isInAdvance(member, slot, closing)) arrearsChargeKeys.push(slot.chargeKey);
  }
  advanceChargeKeys.sort(textOrder);
  arrearsChargeKeys.sort(textOrder);
  return { advanceChargeKeys, arrearsChargeKeys };
}

function timeTerms(calculation: Calculation, member: DueMember): readonly ChargeTerms[] {
  const floors = pricingFloors(calculation, member).map((floor) => floor.terms);
  return [...planTerms(calculation, member), ...floors];
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
