import { Temporal } from '../../src/kernel/time.ts';
import type { Line } from './line.ts';

const STEPS: readonly (readonly string[])[] = [
  ['USAGE'],
  ['COUNTER_RUNNING_TOTAL_CHARGE', 'COUNTER_ADJUSTMENT_DEBIT', 'COUNTER_ADJUSTMENT_CREDIT'],
  ['STANDING_CHARGE'],
  ['USAGE_CREDIT'],
  ['MINIMUM_SPEND', 'MINIMUM_SPEND_REFUND'],
  ['AD_HOC'],
  ['BALANCE_FEE'],
  ['COMMITMENT_FEE'],
  ['COMMITMENT_CONSUMED', 'BALANCE_CONSUMED'],
  ['OVERAGE_USAGE'],
  ['OVERAGE_SURCHARGE'],
];

/**
 * Spec 40 §5.4: by step, then product, plan, description, segment, child, and service period. What credits
 * pay is in the order of their kinds.
 */
export function inBillOrder(lines: readonly Line[], kinds: readonly string[]): readonly Line[] {
  return [...lines].sort((a, b) => {
    const keys = (line: Line) => [
      line.product ?? '',
      line.member?.plan.id ?? '',
      line.text,
      line.segment?.join('/') ?? '',
      line.child ?? '',
    ];
    return (
      stepOf(a) - stepOf(b) ||
      turnOf(a, kinds) - turnOf(b, kinds) ||
      compared(keys(a), keys(b)) ||
      inTime(a, b)
    );
  });
}

/** Within a step pricings come first, then plans, then groups. */
function stepOf({ type, price, origin }: Line): number {
  const level = origin === 'group' ? 0.2 : 0.1;
  const step = STEPS.findIndex((types) => types.includes(type)) + (origin.startsWith('price ') ? 0 : level);
  return type === 'USAGE_CREDIT' && price?.type === 'GLOBAL_CREDIT' ? 7.5 : step;
}

function turnOf({ type }: Line, kinds: readonly string[]): number {
  if (type === 'COMMITMENT_CONSUMED') return kinds.indexOf('PREPAYMENT');
  return type === 'BALANCE_CONSUMED' ? kinds.indexOf('BALANCE') : 0;
}

function compared(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((key, at) => key !== b[at]);
  if (i === -1) return 0;
  return (a[i] ?? '') < (b[i] ?? '') ? -1 : 1;
}

function inTime(a: Line, b: Line): number {
  return Temporal.Instant.compare(a.service.start, b.service.start) || a.type.localeCompare(b.type);
}
