import { type Decimal, decimal, ONE } from '../../src/kernel/decimal.ts';
import type { Instant, PlainDate } from '../../src/kernel/time.ts';
import { isLater, type Piece } from './calendar.ts';
import type { Member } from './member.ts';
import { rateBetween, rounded } from './money.ts';
import type { Organization, Price } from './organization.ts';

/** Which bill a line is on: of an account, in a group of contracts, of a frequency (spec 40 §4.2). */
export type BillKey = { readonly account: string; readonly group: string; readonly frequency: string };

export type Line = {
  readonly type: string;
  readonly on: BillKey;
  readonly member: Member | null;
  /** The account whose usage, plan or charge it is. */
  readonly owner: string;
  readonly child: string | null;
  readonly text: string;
  readonly quantity: Decimal;
  readonly units: Decimal;
  readonly subtotal: Decimal;
  /** Before rounding. */
  readonly exact: Decimal;
  readonly currency: string;
  readonly rate: Decimal;
  readonly converted: Decimal;
  readonly service: Piece;
  readonly product: string | null;
  readonly contract: string | null;
  /** `priced` of one pricing, `plan`, `group`, or the credit or charge that made it. */
  readonly origin: string;
  readonly price: Price | null;
  readonly segment: readonly string[] | null;
  /** What was measured in a part of its service period; null for lines that are not of SUM or COUNT. */
  readonly measure: ((during: Piece) => Decimal) | null;
  /** True for a charge at the start of the period that it is for. */
  readonly advance: boolean;
  /** Units rated before, when tiers span the plan and something was rated before. */
  readonly earlierUnits?: Decimal;
  /** The charge for time that it is for, the same on all bills; null for other lines. */
  readonly timed: string | null;
  /** Where the line that a refund gives back begins. */
  readonly refunds?: Instant;
  /** Which fee of a commitment. */
  readonly fee?: string;
};

/** What one bill has drawn on one credit in one phase. */
export type Draw = { readonly credit: string; readonly phase: 'BASE' | 'ROLLOVER'; readonly amount: Decimal };

/** A member's part in a bill: where the periods end that it closed and opened, and what was in advance. */
export type Billed = {
  readonly date: PlainDate;
  readonly member: string;
  readonly closes: PlainDate | null;
  readonly until: PlainDate | null;
  readonly advance: readonly string[];
};

export type Bill = {
  readonly on: BillKey;
  readonly date: PlainDate;
  readonly currency: string;
  readonly frequency: string;
  readonly from: PlainDate;
  readonly to: PlainDate;
  readonly lines: readonly Line[];
  /** The lines before children's lines were merged: what later bills go by. */
  readonly history: readonly Line[];
  readonly draws: readonly Draw[];
  readonly charges: readonly string[];
  readonly billed: readonly Billed[];
};

export type Draft = Pick<
  Line,
  'type' | 'on' | 'owner' | 'text' | 'exact' | 'currency' | 'service' | 'origin'
> &
  Partial<Line>;

/** Spec 40 §5.8: the amount rounded in its own currency, that one converted and rounded in the bill's. */
export function lineOf(organization: Organization, draft: Draft): Line {
  const subtotal = draft.subtotal ?? rounded(draft.exact, draft.currency, organization);
  const currency = billCurrency(organization, draft.on.account);
  const rate = rateBetween(draft.currency, currency, organization);
  return {
    member: null,
    child: null,
    quantity: ONE,
    units: ONE,
    product: null,
    contract: null,
    price: null,
    segment: null,
    measure: null,
    timed: null,
    advance: false,
    converted: rounded(subtotal.times(rate), currency, organization),
    ...draft,
    subtotal,
    rate,
  };
}

/** Spec 40 §5.7. */
export function billCurrency(organization: Organization, account: string): string {
  const own = organization.accounts.find((one) => one.id === account)?.currency;
  return own ?? organization.currency;
}

export function sameBill(a: BillKey, b: BillKey): boolean {
  return a.account === b.account && a.group === b.group && a.frequency === b.frequency;
}

/** Spec 40 §2.2. */
export function isLocked({ lockedUntil }: Organization, { to }: Bill): boolean {
  return lockedUntil !== null && !isLater(to, lockedUntil);
}

export function sumSubtotals(lines: readonly Line[]): Decimal {
  return lines.reduce((sum, line) => sum.plus(line.subtotal), decimal(0));
}

export function sumConverted(lines: readonly Line[]): Decimal {
  return lines.reduce((sum, line) => sum.plus(line.converted), decimal(0));
}
