// Spec 30 §3.1, §4, §16, 40 §3.3: one plan as it is attached to one account, with everything it inherits.
import { rememberingLast } from '../../kernel/memo.ts';
import { earlier, type Instant, later, type PlainDate, startOfDate } from '../../kernel/time.ts';
import { type BillingAttachment, billingAttachment } from '../calendar/billing-periods.ts';
import { isCyclic } from '../calendar/cycle.ts';
import { effectiveEpoch } from '../calendar/epoch.ts';
import { dateOfEnd, dateOfStart } from '../calendar/local-dates.ts';
import type { BillStamp } from './bill.ts';
import type {
  AccountFacts,
  AccountPlanFacts,
  ContractFacts,
  PlanFacts,
  PlanGroupFacts,
  PlanTemplateFacts,
  ProductFacts,
} from './facts.ts';
import { type FactsIndex, rowOf, sortedBy } from './facts-index.ts';

/**
 * An AccountPlan, or one member plan of an AccountPlanGroup, which is billed exactly as if attached alone.
 * `activeStart`/`activeEnd` is the time that may be charged: the attachment's, cut to its contract when that
 * limits it. `calendar` is null for a plan without a cycle (AD_HOC, MIXED).
 */
export type AttachedPlan = {
  /** `<account plan id>/<plan id>` */
  readonly key: string;
  readonly accountPlan: AccountPlanFacts;
  readonly account: AccountFacts;
  readonly contract: ContractFacts | null;
  readonly group: PlanGroupFacts | null;
  readonly plan: PlanFacts;
  readonly template: PlanTemplateFacts;
  readonly product: ProductFacts;
  readonly calendar: BillingAttachment | null;
  readonly startDate: PlainDate;
  readonly zone: string;
  readonly activeStart: Instant;
  readonly activeEnd: Instant | null;
};

const plansUnder = rememberingLast<BillStamp, readonly AttachedPlan[]>();

/** The key of a plan as an attachment has it; a group attaches several. */
export function attachedKey(accountPlanId: string | null, planId: string | null): string {
  return `${accountPlanId}/${planId}`;
}

/** Every attached plan of the unit under the zone and epochs of one job, ordered by key. */
export function attachedPlans(index: FactsIndex, stamp: BillStamp): readonly AttachedPlan[] {
  return plansUnder(stamp, [index], () => attachedPlansOf(index, stamp));
}

function attachedPlansOf(index: FactsIndex, stamp: BillStamp): readonly AttachedPlan[] {
  const all: AttachedPlan[] = [];
  for (const accountPlan of index.facts.accountPlans) {
    for (const planId of planIdsOf(accountPlan, index)) {
      all.push(attachedPlan({ accountPlan, planId, index, stamp }));
    }
  }
  return sortedBy(all, (attached) => attached.key);
}

function planIdsOf(accountPlan: AccountPlanFacts, index: FactsIndex): readonly string[] {
  if (accountPlan.planGroupId !== null) return rowOf(index.planGroups, accountPlan.planGroupId).planIds;
  return accountPlan.planId === null ? [] : [accountPlan.planId];
}

type Attaching = {
  readonly accountPlan: AccountPlanFacts;
  readonly planId: string;
  readonly index: FactsIndex;
  readonly stamp: BillStamp;
};

function attachedPlan({ accountPlan, planId, index, stamp }: Attaching): AttachedPlan {
  const plan = rowOf(index.plans, planId);
  const template = rowOf(index.planTemplates, plan.planTemplateId);
  const account = rowOf(index.accounts, accountPlan.accountId);
  const contract = accountPlan.contractId === null ? null : rowOf(index.contracts, accountPlan.contractId);
  const { activeStart, activeEnd } = activeTime(accountPlan, contract, stamp.timezone);
  return {
    key: attachedKey(accountPlan.id, planId),
    accountPlan,
    account,
    contract,
    group: accountPlan.planGroupId === null ? null : rowOf(index.planGroups, accountPlan.planGroupId),
    plan,
    template,
    product: rowOf(index.products, template.productId),
    calendar: calendarOf({ accountPlan, account, template, index, stamp }),
    startDate: dateOfStart(accountPlan.startDate, stamp.timezone),
    zone: stamp.timezone,
    activeStart,
    activeEnd,
  };
}

type Scheduling = Pick<Attaching, 'accountPlan' | 'index' | 'stamp'> & {
  readonly account: AccountFacts;
  readonly template: PlanTemplateFacts;
};

function calendarOf({ accountPlan, account, template, index, stamp }: Scheduling): BillingAttachment | null {
  const { billFrequency, billFrequencyInterval } = template;
  if (!isCyclic(billFrequency)) return null;
  const epoch = effectiveEpoch(billFrequency, {
    own: [accountPlan.billEpoch, account.billEpoch],
    tables: [stamp, index.facts.organization],
  });
  const { startDate, endDate } = accountPlan;
  return billingAttachment(
    { frequency: billFrequency, interval: billFrequencyInterval, epoch },
    dateOfStart(startDate, stamp.timezone),
    endDate === null ? null : dateOfEnd(endDate, stamp.timezone),
  );
}

/** Spec 40 §3.5: `applyContractPeriodLimits` cuts everything charged to the contract's dates. */
function activeTime(accountPlan: AccountPlanFacts, contract: ContractFacts | null, zone: string) {
  const { startDate, endDate } = accountPlan;
  if (!contract?.applyContractPeriodLimits) return { activeStart: startDate, activeEnd: endDate };
  const contractEnd = startOfDate(contract.endDate, zone);
  return {
    activeStart: later(startDate, startOfDate(contract.startDate, zone)),
    activeEnd: endDate === null ? contractEnd : earlier(endDate, contractEnd),
  };
}
