// Spec 30 §3.1, §12, §13, §18, 40 §5.9: what a plan or a plan group charges by time, after inheritance.
import { type Decimal, ZERO } from '../../kernel/decimal.ts';
import type { ChargeTurn } from '../calendar/standing-charge-turn.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { OrganizationFacts, PlanGroupFacts, ProductFacts } from './facts.ts';

/** A standing charge or a minimum spend per period, in `currency`, before proration. */
export type ChargeTerms = {
  /** The same on every bill; each service time of it is charged once (spec 40 §5.3). */
  readonly chargeKey: string;
  readonly amount: Decimal;
  readonly currency: string;
  readonly inAdvance: boolean;
  readonly description: string;
  readonly accountingProductId: string | null;
  readonly turn: ChargeTurn;
};

export function planStandingCharge(attached: AttachedPlan, organization: OrganizationFacts): ChargeTerms {
  const { plan, template, product } = attached;
  const inAdvance =
    plan.standingChargeBillInAdvance ??
    template.standingChargeBillInAdvance ??
    organization.standingChargeBillInAdvance;
  return {
    chargeKey: `standing/${attached.key}`,
    amount: plan.standingCharge ?? template.standingCharge,
    currency: template.currency,
    inAdvance: inAdvance && hasCycle(attached),
    description:
      plan.standingChargeDescription ?? template.standingChargeDescription ?? STANDING_CHARGE_DESCRIPTION,
    accountingProductId: plan.standingChargeAccountingProductId ?? product.id,
    turn: { interval: template.standingChargeInterval, offset: template.standingChargeOffset },
  };
}

export function planMinimumSpend(attached: AttachedPlan, organization: OrganizationFacts): ChargeTerms {
  const { plan, template, product } = attached;
  const inAdvance =
    plan.minimumSpendBillInAdvance ??
    template.minimumSpendBillInAdvance ??
    organization.minimumSpendBillInAdvance;
  return {
    chargeKey: `minimum/${attached.key}`,
    amount: plan.minimumSpend ?? template.minimumSpend ?? ZERO,
    currency: template.currency,
    inAdvance: inAdvance && hasCycle(attached),
    description:
      plan.minimumSpendDescription ??
      template.minimumSpendDescription ??
      minimumSpendDescription(product.name),
    accountingProductId: plan.minimumSpendAccountingProductId ?? product.id,
    turn: EVERY_PERIOD,
  };
}

/** A group's own standing charge: every period, no fallback for the accounting product (spec 30 §13). */
export function groupStandingCharge(
  lead: AttachedPlan,
  group: PlanGroupFacts,
  organization: OrganizationFacts,
): ChargeTerms {
  const inAdvance = group.standingChargeBillInAdvance ?? organization.standingChargeBillInAdvance;
  return {
    chargeKey: `standing/${lead.accountPlan.id}/group/${group.id}`,
    amount: group.standingCharge ?? ZERO,
    currency: group.currency,
    inAdvance: inAdvance && hasCycle(lead),
    description: group.standingChargeDescription ?? STANDING_CHARGE_DESCRIPTION,
    accountingProductId: group.standingChargeAccountingProductId,
    turn: EVERY_PERIOD,
  };
}

export function groupMinimumSpend(
  lead: AttachedPlan,
  group: PlanGroupFacts,
  organization: OrganizationFacts,
): ChargeTerms {
  const inAdvance = group.minimumSpendBillInAdvance ?? organization.minimumSpendBillInAdvance;
  return {
    chargeKey: `minimum/${lead.accountPlan.id}/group/${group.id}`,
    amount: group.minimumSpend ?? ZERO,
    currency: group.currency,
    inAdvance: inAdvance && hasCycle(lead),
    description: group.minimumSpendDescription ?? minimumSpendDescription(group.name),
    accountingProductId: group.minimumSpendAccountingProductId,
    turn: EVERY_PERIOD,
  };
}

/** The default text of a floor, after the name of the product, the group or the aggregation. */
export function minimumSpendDescription(name: string): string {
  return `${name} Minimum Spend Adjustment`;
}

/** The line's product of a group charge: its accounting product, else none (spec 30 §4). */
export function groupProduct(
  terms: ChargeTerms,
  products: ReadonlyMap<string, ProductFacts>,
): ProductFacts | null {
  return terms.accountingProductId === null ? null : (products.get(terms.accountingProductId) ?? null);
}

const STANDING_CHARGE_DESCRIPTION = 'Standing Charge';
const EVERY_PERIOD: ChargeTurn = { interval: 1, offset: 0 };

/** Without a cycle there is no next period that could be charged in advance (spec 30 §14). */
function hasCycle(attached: AttachedPlan): boolean {
  return attached.calendar !== null;
}
