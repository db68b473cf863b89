// Spec 30 §13, §14, 40 §5.3, §5.4 step 4: the standing charges of plans, then of plan groups.
import { isChargedInPeriod } from '../../calendar/standing-charge-turn.ts';
import { isZeroFraction, timesFraction } from '../../money/fraction.ts';
import type { Calculation } from '../calculation.ts';
import { type ChargeTerms, groupProduct, groupStandingCharge, planStandingCharge } from '../charge-terms.ts';
import { type Draft, FIXED_AMOUNT, type LineSpec, RANK, withNonZeroLines } from '../draft.ts';
import type { DueMember } from '../due-member.ts';
import { isGroupLead } from '../group-lead.ts';
import { hullOf } from '../service-span.ts';
import {
  fractionText,
  type PeriodToCharge,
  periodsToCharge,
  prorationOf,
  uncarriedPieces,
} from '../time-charge.ts';

export function standingCharges(draft: Draft, calculation: Calculation): Draft {
  const specs: LineSpec[] = [];
  for (const member of calculation.members) {
    specs.push(...planCharges(calculation, member), ...groupCharges(calculation, member));
  }
  return withNonZeroLines(draft, calculation, specs);
}

type Charge = Pick<LineSpec, 'isGroupCharge' | 'rank' | 'product'> & { readonly terms: ChargeTerms };

function planCharges(calculation: Calculation, member: DueMember): readonly LineSpec[] {
  const { attached } = member;
  const terms = planStandingCharge(attached, calculation.index.facts.organization);
  const charge = { terms, isGroupCharge: false, rank: RANK.planStandingCharge, product: attached.product };
  return chargeSpecs(calculation, member, charge);
}

/** The group's own charge, once for all its members, in the periods of the member that leads. */
function groupCharges(calculation: Calculation, member: DueMember): readonly LineSpec[] {
  const { index, attachedPlans } = calculation;
  const { group } = member.attached;
  if (group === null || !isGroupLead(member.attached, attachedPlans)) return [];
  const terms = groupStandingCharge(member.attached, group, index.facts.organization);
  const product = groupProduct(terms, index.products);
  const charge = { terms, isGroupCharge: true, rank: RANK.groupStandingCharge, product };
  return chargeSpecs(calculation, member, charge);
}

/** Charge 310 from 11 March in a month of 31 days: 310 × 21/31 = 210.00. */
function chargeSpecs(calculation: Calculation, member: DueMember, charge: Charge): readonly LineSpec[] {
  const specs: LineSpec[] = [];
  for (const toCharge of periodsToCharge(member, charge.terms, calculation.history)) {
    if (!isChargedInPeriod(toCharge.period.index, charge.terms.turn)) continue;
    specs.push(...chargeSpec(calculation, member, { toCharge, ...charge }));
  }
  return specs;
}

function chargeSpec(
  { history }: Calculation,
  { attached }: DueMember,
  { terms, toCharge, isGroupCharge, rank, product }: Charge & { readonly toCharge: PeriodToCharge },
): readonly LineSpec[] {
  const pieces = uncarriedPieces([toCharge.service], terms.chargeKey, history);
  const share = prorationOf(attached, pieces);
  if (pieces.length === 0 || isZeroFraction(share)) return [];
  const spec: LineSpec = {
    attached,
    isGroupCharge,
    owner: attached.account,
    rank,
    lineItemType: 'STANDING_CHARGE',
    rule: '30 §13',
    chargeKey: terms.chargeKey,
    timing: toCharge.timing,
    service: hullOf(pieces),
    description: terms.description,
    currency: terms.currency,
    exactAmount: timesFraction(terms.amount, share),
    product,
    accountingProductId: terms.accountingProductId,
    quantity: FIXED_AMOUNT.quantity,
    units: FIXED_AMOUNT.units,
    unit: FIXED_AMOUNT.unit,
    bands: FIXED_AMOUNT.bands,
    origin: { proration: fractionText(share), figures: { charge: terms.amount } },
  };
  return [spec];
}
