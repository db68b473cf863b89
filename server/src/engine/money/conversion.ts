// Spec 40 §5.7: which rate converts an amount of one currency into another.
import { type Decimal, isDecimal, ONE } from '../../kernel/decimal.ts';

/** One `from` is worth `multiplier` of `to`; null = listed, but without a rate. */
export type Conversion = { readonly from: string; readonly to: string; readonly multiplier: Decimal | null };

/** The currency pair for which nobody gave a rate. */
export type NoConversionRate = {
  readonly kind: 'NoConversionRate';
  readonly from: string;
  readonly to: string;
};

/**
 * The factor that turns an amount in `from` into one in `to`. Takes the tables in order of precedence (those
 * of the job, then the organization's): the first that lists the pair decides, even when its entry has no
 * multiplier. Codes match exactly; a pair is neither inverted nor reached through a third currency; the same
 * code gives 1.
 */
export function conversionRate(
  from: string,
  to: string,
  tables: readonly (readonly Conversion[])[],
): Decimal | NoConversionRate {
  if (from === to) return ONE;
  for (const table of tables) {
    const entry = table.find((candidate) => candidate.from === from && candidate.to === to);
    if (entry) return entry.multiplier ?? { kind: 'NoConversionRate', from, to };
  }
  return { kind: 'NoConversionRate', from, to };
}

/** Tells a missing rate from a rate. */
export function isNoConversionRate(result: Decimal | NoConversionRate): result is NoConversionRate {
  return !isDecimal(result);
}
