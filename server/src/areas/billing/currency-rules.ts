import { sql } from 'kysely';
import { type CurrencyRule, defaultCurrencyRule } from '../../engine/money/rounding.ts';
import type { Reader } from '../../store/database.ts';

type StoredRule = { readonly code: string } & {
  readonly [name in Exclude<keyof CurrencyRule, 'code'>]: CurrencyRule[name] | null;
};

/** How the organization's currencies are rounded, with the defaults for what they leave open (spec 50 §1). */
export async function currencyRules(db: Reader, orgId: string): Promise<readonly CurrencyRule[]> {
  const { rows } = await sql<StoredRule>`
    select code, max_decimal_places, rounding_mode from currency where org_id = ${orgId}`.execute(db);
  return rows.map(({ code, maxDecimalPlaces, roundingMode }) => {
    const plain = defaultCurrencyRule(code);
    return {
      code,
      maxDecimalPlaces: maxDecimalPlaces ?? plain.maxDecimalPlaces,
      roundingMode: roundingMode ?? plain.roundingMode,
    };
  });
}
