import type { z } from 'zod';
import { amount, group, list, optional, text } from '../../api/fields.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { refusal } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';

/**
 * A price that holds from `lowerLimit` units (exclusive) up to the limit of the next band: `fixedPrice` once
 * and `unitPrice` for each unit, in the currency of the plan template (spec 30 §5, §7.2). `creditTypeId` is
 * obsolete and only echoed.
 */
export type PricingBand = {
  readonly id: string | null;
  readonly lowerLimit: Decimal;
  readonly fixedPrice: Decimal;
  readonly unitPrice: Decimal;
  readonly creditTypeId: string | null;
};

/** A list of at least `min` bands as a body has it. */
export function pricingBands(min: number): z.ZodType<PricingBand[]> {
  const band = group({
    id: optional(text()),
    lowerLimit: amount({ min: 0 }),
    fixedPrice: amount(),
    unitPrice: amount(),
    creditTypeId: optional(text({ max: 1000 })),
  });
  return list(band, { min });
}

/** The bands in ascending order, each with an id; throws when two begin at one limit (spec 30 §5 rule 3). */
export function orderedBands(bands: readonly PricingBand[], field: string): PricingBand[] {
  const ordered = bands.toSorted((a, b) => a.lowerLimit.cmp(b.lowerLimit));
  const repeated = ordered.find((band, i) => ordered[i - 1]?.lowerLimit.eq(band.lowerLimit));
  if (repeated) {
    throw refusal('VALIDATION_FAILED', field, `has the lowerLimit ${repeated.lowerLimit} more than once`);
  }
  return ordered.map((band) => ({ ...band, id: band.id ?? newId() }));
}

/** Refuses a price below zero where nothing is credited (spec 30 §5 rule 1, §15.2). */
export function pricesMustNotBeNegative(bands: readonly PricingBand[], field: string): void {
  if (bands.some(({ fixedPrice, unitPrice }) => fixedPrice.lt(0) || unitPrice.lt(0))) {
    throw refusal('VALIDATION_FAILED', field, 'must not have a negative price');
  }
}
