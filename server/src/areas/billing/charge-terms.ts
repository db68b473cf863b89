import { isEarlier } from '../../api/body-rules.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { refusal } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';

type Terms = {
  readonly amount: Decimal | null;
  readonly units: Decimal | null;
  readonly unitPrice: Decimal | null;
};

/** A charge has an amount, or units and their price, and never both (spec 50 §8.1). */
export function amountOrUnitPrice({ amount, units, unitPrice }: Terms): void {
  if (amount !== null && (units !== null || unitPrice !== null)) {
    throw refusal('VALIDATION_FAILED', 'amount', 'cannot be set with units or unitPrice');
  }
  if (amount !== null) return;
  if (units === null && unitPrice === null) {
    throw refusal('VALIDATION_FAILED', 'amount', 'is required without units and unitPrice');
  }
  if (units === null) throw refusal('VALIDATION_FAILED', 'units', 'is required with unitPrice');
  if (unitPrice === null) throw refusal('VALIDATION_FAILED', 'unitPrice', 'is required with units');
}

type Service = { readonly servicePeriodStartDate: Instant; readonly servicePeriodEndDate: Instant };

/** The time that is charged for does not end before it begins; whether it may be empty depends. */
export function servicePeriodMustFit(
  { servicePeriodStartDate: start, servicePeriodEndDate: end }: Service,
  { mayBeEmpty }: { readonly mayBeEmpty: boolean },
): void {
  if (isEarlier(start, end) || (mayBeEmpty && start.equals(end))) return;
  const says = `must ${mayBeEmpty ? 'not be earlier' : 'be later'} than servicePeriodStartDate`;
  throw refusal('VALIDATION_FAILED', 'servicePeriodEndDate', says);
}
