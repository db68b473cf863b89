// Spec 30 §6.2, §15.4: the counters that an attached plan prices, and the value of a counter on a day.
import { type Decimal, ZERO } from '../../kernel/decimal.ts';
import { rememberingLast } from '../../kernel/memo.ts';
import type { PlainDate } from '../../kernel/time.ts';
import type { AttachedPlan } from './attached-plan.ts';
import type { CounterAdjustmentFacts, CounterFacts, CounterPricingFacts, PlanFacts } from './facts.ts';
import { type FactsIndex, rowOf, sortedBy, textOrder } from './facts-index.ts';
import { dateOrder } from './plan-dates.ts';

export type OwnedCounterPricing = CounterPricingFacts & { readonly ownedByPlan: boolean };

export type CounterSlot = {
  readonly counter: CounterFacts;
  readonly chargeKey: string;
  readonly pricings: readonly OwnedCounterPricing[];
  /** Of the attachment's account, in order of their dates. */
  readonly adjustments: readonly CounterAdjustmentFacts[];
};

type PricedCounter = { readonly counterId: string; readonly pricings: readonly OwnedCounterPricing[] };

const countersOfPlans = rememberingLast<PlanFacts, readonly PricedCounter[]>();

/**
 * The counters of an attached plan, ordered by id. Adjustments of child accounts never count for a parent.
 */
export function counterSlots(attached: AttachedPlan, index: FactsIndex): readonly CounterSlot[] {
  const { plan, template } = attached;
  const rows = index.facts.counterPricings.filter(
    (row) => row.planId === plan.id || row.planTemplateId === template.id,
  );
  const counters = countersOfPlans(plan, rows, () => pricedCounters(rows));
  return counters.map(({ counterId, pricings }) => ({
    counter: rowOf(index.counters, counterId),
    chargeKey: `counter/${attached.key}/${counterId}`,
    pricings,
    adjustments: index.facts.counterAdjustments
      .filter((row) => row.counterId === counterId && row.accountId === attached.account.id)
      .toSorted((a, b) => dateOrder(a.date, b.date)),
  }));
}

function pricedCounters(rows: readonly CounterPricingFacts[]): readonly PricedCounter[] {
  const owned = sortedBy(rows, (row) => row.id).map((row) => ({ ownedByPlan: row.planId !== null, ...row }));
  const counterIds = [...new Set(owned.map((pricing) => pricing.counterId))].toSorted(textOrder);
  return counterIds.map((counterId) => ({
    counterId,
    pricings: owned.filter((pricing) => pricing.counterId === counterId),
  }));
}

/** V(date): the counter's value on that day, 0 before its first adjustment. */
export function valueOn({ adjustments }: CounterSlot, date: PlainDate): Decimal {
  const until = adjustments.filter((adjustment) => dateOrder(adjustment.date, date) <= 0);
  return until.at(-1)?.value ?? ZERO;
}
