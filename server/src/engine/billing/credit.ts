// Spec 50 §5.6, §5.7, §6.2, §6.4: what can pay for lines: which lines, in what time, how much, in what order.
import { type Decimal, maxOf, minOf, sumOf, ZERO } from '../../kernel/decimal.ts';
import { type Instant, Temporal } from '../../kernel/time.ts';
import { type ClosedSpan, instantsOf } from '../calendar/local-dates.ts';
import type { Calculation } from './calculation.ts';
import type { CommitmentFacts } from './commitment-facts.ts';
import type { CreditDraw, DrawPhase } from './credit-draw.ts';
import { scopedText } from './credit-line.ts';
import type { BalanceFacts, ChildBillingMode, CreditSource } from './facts.ts';
import { type FactsIndex, textOrder } from './facts-index.ts';

/**
 * Something that pays for lines, with one phase or several, in the order in which they are used. A
 * commitment has its term as BASE; a balance may have the time of its rollover after that.
 */
export type Credit = {
  readonly source: CreditSource;
  readonly id: string;
  /** How failures call it. */
  readonly title: string;
  readonly dtCreated: Instant;
  readonly accountId: string;
  readonly currency: string;
  readonly contractId: string | null;
  readonly productIds: readonly string[];
  readonly lineItemTypes: readonly string[];
  readonly phases: readonly CreditPhase[];
  /** Before any draw. */
  readonly funds: Decimal;
  /** The most that may be used in ROLLOVER; null = everything that is left. */
  readonly rolloverAmount: Decimal | null;
  /** Whether it may be drawn below 0 in BASE. */
  readonly hasOverdraft: boolean;
  readonly description: string;
  readonly accountingProductId: string | null;
  /** Where lines of it go in a hierarchy; null for a balance, which is shown where it pays. */
  readonly childBillingMode: ChildBillingMode | null;
  readonly overage: OverageTerms;
};

/** What happens to usage beyond the credit. */
export type OverageTerms = {
  /** Whether there ever was anything to exceed. */
  readonly wasFunded: boolean;
  readonly surchargePercent: Decimal;
  readonly isSeparate: boolean;
  /** The text of its lines; null = the default. */
  readonly description: string | null;
  readonly accountingProductId: string | null;
};

export type CreditPhase = { readonly phase: DrawPhase; readonly window: ClosedSpan };

/** Types of lines that can be paid for, in the order in which they are (spec 50 §6.4 rule 3). */
export const DRAWABLE_TYPES = [
  'STANDING_CHARGE',
  'COUNTER_RUNNING_TOTAL_CHARGE',
  'COUNTER_ADJUSTMENT_DEBIT',
  'USAGE',
  'MINIMUM_SPEND',
  'AD_HOC',
] as const;

/** Commitments never pay for one-off charges. */
const COMMITMENT_TYPES = DRAWABLE_TYPES.filter((type) => type !== 'AD_HOC');

/** The unit's credits of the kinds that its account allows, in the order in which they are drawn on. */
export function creditsInOrder({ index }: Calculation): readonly Credit[] {
  if (index.facts.commitments.length + index.facts.balances.length === 0) return [];
  const commitments = index.facts.commitments.map((row) => creditFromCommitment(row, index));
  const balances = index.facts.balances.map((row) => creditFromBalance(row, index));
  const credits = [...commitments, ...balances].toSorted(creditOrder);
  return creditSources(index).flatMap((source) => credits.filter((credit) => credit.source === source));
}

/** Spec 50 §6.4 rule 1: members of a hierarchy have no order of their own. */
export function creditSources({ facts, head }: FactsIndex): readonly CreditSource[] {
  if (facts.accounts.length > 1) return ['PREPAYMENT', 'BALANCE'];
  return head.creditApplicationOrder ?? facts.organization.creditApplicationOrder;
}

function creditFromCommitment(commitment: CommitmentFacts, index: FactsIndex): Credit {
  const { id, dtCreated, accountId, currency, contractId, productIds, childBillingMode } = commitment;
  const { startDate: start, endDate: end, accountingProductId: accounting } = commitment;
  const window = instantsOf({ start, end }, index.facts.organization.timezone);
  return {
    source: 'PREPAYMENT',
    title: `prepayment ${id}`,
    lineItemTypes: commitment.lineItemTypes.length > 0 ? commitment.lineItemTypes : COMMITMENT_TYPES,
    phases: [{ phase: 'BASE', window }],
    funds: commitment.amount,
    rolloverAmount: null,
    hasOverdraft: false,
    description:
      commitment.commitmentUsageDescription ?? scopedText('Prepayment Consumed', index, productIds),
    accountingProductId: commitment.drawdownsAccountingProductId ?? accounting,
    overage: {
      wasFunded: true,
      surchargePercent: commitment.overageSurchargePercent ?? ZERO,
      isSeparate: commitment.separateOverageUsage,
      description: commitment.overageDescription,
      accountingProductId: accounting,
    },
    ...{ id, dtCreated, accountId, currency, contractId, productIds, childBillingMode },
  };
}

function creditFromBalance(balance: BalanceFacts, { facts }: FactsIndex): Credit {
  const { id, dtCreated, accountId, currency, contractId, productIds, funds, rolloverAmount } = balance;
  return {
    source: 'BALANCE',
    title: `balance ${balance.name}`,
    lineItemTypes: balance.lineItemTypes.length > 0 ? balance.lineItemTypes : DRAWABLE_TYPES,
    phases: phasesOf(balance),
    hasOverdraft: balance.allowOverdraft ?? facts.organization.allowNegativeBalances,
    description: balance.balanceDrawDownDescription ?? balance.name,
    accountingProductId: balance.consumptionsAccountingProductId,
    childBillingMode: null,
    overage: {
      wasFunded: balance.wasFunded,
      surchargePercent: balance.overageSurchargePercent ?? ZERO,
      isSeparate: false,
      description: balance.overageDescription,
      accountingProductId: balance.consumptionsAccountingProductId,
    },
    ...{ id, dtCreated, accountId, currency, contractId, productIds, funds, rolloverAmount },
  };
}

function phasesOf({ startDate, endDate, rolloverEndDate }: BalanceFacts): readonly CreditPhase[] {
  const base: CreditPhase = { phase: 'BASE', window: { start: startDate, end: endDate } };
  if (rolloverEndDate === null) return [base];
  return [base, { phase: 'ROLLOVER', window: { start: endDate, end: rolloverEndDate } }];
}

/** Spec 50 §6.4 rule 2: what ends first is used first; then the older, the linked and the narrower. */
function creditOrder(a: Credit, b: Credit): number {
  return (
    Temporal.Instant.compare(lastEnd(a), lastEnd(b)) ||
    Temporal.Instant.compare(firstStart(a), firstStart(b)) ||
    rankOf(a.contractId !== null) - rankOf(b.contractId !== null) ||
    rankOf(a.productIds.length > 0) - rankOf(b.productIds.length > 0) ||
    Temporal.Instant.compare(a.dtCreated, b.dtCreated) ||
    textOrder(a.id, b.id)
  );
}

function lastEnd({ dtCreated, phases }: Credit): Instant {
  return phases.at(-1)?.window.end ?? dtCreated;
}

function firstStart({ dtCreated, phases }: Credit): Instant {
  return phases[0]?.window.start ?? dtCreated;
}

function rankOf(comesFirst: boolean): number {
  return comesFirst ? 0 : 1;
}

/**
 * What is left of a credit for a phase, in its currency, given every draw of other bills and of this
 * calculation. Funds 1000, drawn 700 in BASE, a rollover of 150 of which 120 are used: 30 are left for
 * ROLLOVER.
 */
export function poolOf(credit: Credit, phase: DrawPhase, draws: readonly CreditDraw[]): Decimal {
  const own = draws.filter((draw) => draw.creditId === credit.id);
  const left = credit.funds.minus(sumOf(own.map((draw) => draw.amount)));
  if (phase === 'BASE') return left;
  const used = sumOf(own.filter((draw) => draw.phase === 'ROLLOVER').map((draw) => draw.amount));
  const atEnd = left.plus(used);
  const carried = credit.rolloverAmount === null ? atEnd : minOf(credit.rolloverAmount, atEnd);
  return maxOf(carried.minus(used), ZERO);
}
