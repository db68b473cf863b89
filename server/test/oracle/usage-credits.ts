import { type Decimal, maxOf, minOf, ZERO } from '../../src/kernel/decimal.ts';
import { billCurrency, type Line, lineOf, sameBill, sumConverted } from './line.ts';
import { rounded } from './money.ts';
import type { Organization } from './organization.ts';

/**
 * Spec 30 §10: the credit capped at what the other lines of its product (or of the bill) come to, compared in
 * the bill's currency.
 */
export function cappedCredit(organization: Organization, credit: Line, lines: readonly Line[]): Line {
  const onBill = lines.filter((line) => sameBill(line.on, credit.on));
  const others = credit.price?.type === 'PRODUCT_CREDIT' ? onBill.filter(sameProduct(credit)) : onBill;
  const cap = maxOf(ZERO, sumConverted(others));
  if (cap.gt(0) && credit.converted.negated().lte(cap)) return credit;
  const converted = cap.negated();
  const subtotal = rounded(converted.div(credit.rate), credit.currency, organization);
  return lineOf(organization, { ...credit, subtotal, converted });
}

function sameProduct(credit: Line) {
  return (line: Line) => line.product === credit.product;
}

/** Pricings of credits that take part, in the order in which they were written down. */
export function inPriceOrder(organization: Organization, credits: readonly Line[]): readonly Line[] {
  const place = (line: Line) => organization.prices.findIndex((price) => price.id === line.price?.id);
  return [...credits].sort((a, b) => place(a) - place(b));
}

/**
 * Spec 50 §10.1: what is left of each line to be paid by credits, in the bill's currency: usage credits first
 * relieve usage lines in line order, then the others.
 */
export function reliefOf(organization: Organization, lines: readonly Line[]): ReadonlyMap<Line, Decimal> {
  const open = new Map(lines.map((line) => [line, line.converted]));
  for (const credit of lines.filter((line) => line.type === 'USAGE_CREDIT')) {
    const relieved = lines.filter(
      (line) =>
        sameBill(line.on, credit.on) &&
        line.converted.gt(0) &&
        (credit.price?.type === 'GLOBAL_CREDIT' || line.product === credit.product),
    );
    const usage = relieved.filter((line) => line.type === 'USAGE');
    const others = relieved.filter((line) => line.type !== 'USAGE');
    takeFrom(open, [...usage, ...others], credit.converted.negated());
  }
  const currency = (line: Line) => billCurrency(organization, line.on.account);
  return new Map([...open].map(([line, left]) => [line, rounded(left, currency(line), organization)]));
}

function takeFrom(open: Map<Line, Decimal>, lines: readonly Line[], credit: Decimal): void {
  let left = credit;
  for (const line of lines) {
    const taken = minOf(left, open.get(line) ?? ZERO);
    open.set(line, (open.get(line) ?? ZERO).minus(taken));
    left = left.minus(taken);
  }
}
