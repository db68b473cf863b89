import type { Decimal } from '../../src/kernel/decimal.ts';
import type { Instant, PlainDate } from '../../src/kernel/time.ts';

/** An organization in plain words: what the oracle, the engine and the API are all told. */
export type Organization = {
  readonly zone: string;
  readonly currency: string;
  readonly epochs: Readonly<Record<Frequency, PlainDate>>;
  readonly advance: { readonly standing: boolean; readonly minimum: boolean; readonly fee: boolean };
  readonly consolidate: boolean;
  readonly order: readonly string[];
  readonly overdraft: boolean;
  readonly currencies: readonly Currency[];
  readonly rates: readonly Rate[];
  readonly products: readonly Product[];
  readonly accounts: readonly Account[];
  readonly contracts: readonly Contract[];
  readonly metrics: readonly Metric[];
  readonly uses: readonly Use[];
  readonly templates: readonly Template[];
  readonly plans: readonly Plan[];
  readonly groups: readonly Group[];
  readonly prices: readonly Price[];
  readonly counters: readonly Counter[];
  readonly counterPrices: readonly CounterPrice[];
  readonly adjustments: readonly Adjustment[];
  readonly attachments: readonly Attachment[];
  readonly commitments: readonly Commitment[];
  readonly balances: readonly Balance[];
  readonly transactions: readonly Transaction[];
  readonly charges: readonly Charge[];
  /** Bills that end on or before it are locked. */
  readonly lockedUntil: PlainDate | null;
};

export type Frequency = 'DAILY' | 'WEEKLY' | 'MONTHLY' | 'ANNUALLY';
export type Mode = 'PARENT_BREAKDOWN' | 'PARENT_SUMMARY' | 'CHILD';
export type Currency = { readonly code: string; readonly places: number; readonly rounding: string };
export type Rate = { readonly from: string; readonly to: string; readonly by: Decimal };
export type Product = { readonly id: string; readonly name: string };

export type Account = {
  readonly id: string;
  readonly parent: string | null;
  readonly epoch: PlainDate | null;
  readonly currency: string | null;
  readonly order: readonly string[] | null;
};

export type Contract = {
  readonly id: string;
  readonly account: string;
  readonly from: PlainDate;
  readonly to: PlainDate;
  readonly limits: boolean;
  readonly key: string | null;
  readonly exclusive: boolean;
};

export type Metric = {
  readonly id: string;
  readonly method: string;
  readonly per: Decimal;
  readonly rounding: string;
  readonly unit: string;
  readonly default: Decimal | null;
  readonly fields: readonly string[];
  /** Values of the fields, each segment in field order. */
  readonly segments: readonly (readonly string[])[];
};

export type Use = {
  readonly account: string;
  readonly metric: string;
  readonly at: Instant;
  readonly value: Decimal;
  readonly where: Readonly<Record<string, string>>;
};

export type Terms = {
  readonly standing: Decimal | null;
  readonly standingAdvance: boolean | null;
  readonly minimum: Decimal | null;
  readonly minimumAdvance: boolean | null;
};

export type Template = Terms & {
  readonly id: string;
  readonly product: string;
  readonly currency: string;
  readonly every: Frequency;
  readonly interval: number;
  readonly standingInterval: number;
  readonly standingOffset: number;
};

export type Plan = Terms & { readonly id: string; readonly template: string };

export type Group = Terms & {
  readonly id: string;
  readonly currency: string;
  readonly plans: readonly string[];
};

export type Band = { readonly lower: Decimal; readonly fixed: Decimal; readonly unit: Decimal };

export type Price = {
  readonly id: string;
  readonly plan: string | null;
  readonly template: string | null;
  readonly metric: string;
  readonly segment: readonly string[] | null;
  readonly type: string;
  readonly tiered: boolean;
  readonly span: boolean;
  readonly bands: readonly Band[];
  readonly overage: readonly Band[];
  readonly minimum: Decimal;
  readonly minimumAdvance: boolean | null;
  readonly from: Instant;
  readonly to: Instant | null;
};

export type Counter = { readonly id: string; readonly unit: string };

export type CounterPrice = {
  readonly id: string;
  readonly plan: string | null;
  readonly template: string | null;
  readonly counter: string;
  readonly tiered: boolean;
  readonly bands: readonly Band[];
  readonly advance: boolean;
  readonly prorateTotal: boolean;
  readonly prorateDebit: boolean;
  readonly prorateCredit: boolean;
  readonly from: Instant;
  readonly to: Instant | null;
};

export type Adjustment = {
  readonly account: string;
  readonly counter: string;
  readonly date: PlainDate;
  readonly value: Decimal;
};

export type Attachment = {
  readonly id: string;
  readonly account: string;
  readonly plan: string | null;
  readonly group: string | null;
  readonly from: Instant;
  readonly to: Instant | null;
  readonly epoch: PlainDate | null;
  readonly contract: string | null;
  readonly mode: Mode;
};

type Scope = {
  readonly id: string;
  readonly account: string;
  readonly currency: string;
  readonly products: readonly string[];
  readonly types: readonly string[];
  readonly contract: string | null;
  readonly surcharge: Decimal | null;
};

export type FeeDate = {
  readonly date: PlainDate;
  readonly amount: Decimal;
  readonly from: PlainDate;
  readonly to: PlainDate;
};

export type Commitment = Scope & {
  readonly amount: Decimal;
  readonly prepaid: Decimal;
  readonly first: Decimal | null;
  readonly from: PlainDate;
  readonly to: PlainDate;
  readonly plan: string | null;
  readonly interval: number;
  readonly offset: number;
  readonly epoch: PlainDate | null;
  readonly advance: boolean | null;
  readonly fees: readonly FeeDate[];
  readonly separate: boolean;
  readonly mode: Mode;
};

export type Balance = Scope & {
  readonly from: Instant;
  readonly to: Instant;
  readonly rolloverTo: Instant | null;
  readonly rolloverAmount: Decimal | null;
  readonly overdraft: boolean | null;
};

export type Transaction = { readonly id: string; readonly balance: string; readonly amount: Decimal };

export type Charge = {
  readonly id: string;
  readonly account: string;
  readonly type: 'AD_HOC' | 'BALANCE_FEE';
  readonly balance: string | null;
  readonly currency: string;
  readonly amount: Decimal | null;
  readonly units: Decimal | null;
  readonly price: Decimal | null;
  readonly from: Instant;
  readonly to: Instant;
  readonly date: PlainDate;
  readonly contract: string | null;
  readonly product: string | null;
};

/** The row with that id; a missing one is a mistake of the test. */
export function the<T extends { readonly id: string }>(rows: readonly T[], id: string): T {
  const row = rows.find((one) => one.id === id);
  if (row === undefined) throw new Error(`no row ${id}`);
  return row;
}
