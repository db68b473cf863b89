// Spec 50 §5.4, §5.7, §6.5: money that bills take from balances and commitments.
import type { Decimal } from '../../kernel/decimal.ts';
import type { Instant } from '../../kernel/time.ts';
import type { BillFacts, CreditSource } from './facts.ts';

/** For charges before the end of a credit, or of the time that follows in which its rest may be used. */
export type DrawPhase = 'BASE' | 'ROLLOVER';

/** Money that a bill takes from a credit in one phase: above 0, in the credit's currency. */
export type CreditDraw = {
  readonly creditId: string;
  readonly phase: DrawPhase;
  readonly amount: Decimal;
};

/** The draw of a bill that exists; `billId` is null for a new bill calculated just before. */
export type KnownDraw = CreditDraw & { readonly billId: string | null };

/** The draw of a calculated bill; `end` is where the time ends that it pays for. */
export type DraftDraw = CreditDraw & {
  readonly source: CreditSource;
  readonly description: string;
  readonly end: Instant;
};

/** Every draw of every bill, as they are stored. */
export function billedDraws({ balances, commitments }: BillFacts): readonly KnownDraw[] {
  return [...commitments, ...balances].flatMap(({ id, draws }) =>
    draws.map((draw) => ({ ...draw, creditId: id })),
  );
}
