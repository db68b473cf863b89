// Spec 40 §14: why a bill could not be calculated, as a sentence for its alert.
import type { BillFailure } from './bill.ts';

/** One sentence that names the cause and what it concerns, without the account and the date. */
export function failureMessage(failure: BillFailure): string {
  switch (failure.kind) {
    case 'NoConversionRate':
      return `no conversion rate ${failure.from} → ${failure.to} for ${failure.entity}`;
    case 'RoundingNecessary':
      return (
        `${failure.entity}: ${failure.amount.toFixed()} ${failure.currency} cannot be represented ` +
        'without rounding, which the currency does not allow'
      );
    case 'CalculationFailed':
      return `${kindOf(failure.of)} "${failure.entity}" cannot be calculated: ${failure.reason}`;
  }
}

function kindOf(kind: 'SIMPLE' | 'COMPOUND' | undefined): string {
  return kind === 'SIMPLE' ? 'aggregation' : 'compound aggregation';
}
