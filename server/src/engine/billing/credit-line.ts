// Spec 50 §6.6, §11, §12: lines that come from a commitment or a balance: fees, draws and surcharges.
import { type Decimal, ONE } from '../../kernel/decimal.ts';
import type { ClosedSpan } from '../calendar/local-dates.ts';
import type { DrawnPart, LineItemType, LineTiming } from './bill.ts';
import type { Calculation } from './calculation.ts';
import type { DraftLine } from './draft.ts';
import type { AccountFacts, CreditSource } from './facts.ts';
import type { FactsIndex } from './facts-index.ts';
import { NO_ORIGIN } from './no-origin.ts';
import { PLAIN_REASON } from './plain-reason.ts';

/** One of it, no unit; the amount is its own price. */
export type CreditLine = {
  readonly key: string;
  readonly billAccountId: string;
  readonly rank: number;
  readonly lineItemType: LineItemType;
  readonly rule: string;
  readonly timing: LineTiming;
  readonly description: string;
  readonly currency: string;
  readonly exactAmount: Decimal;
  readonly subtotal: Decimal;
  readonly conversionRate: Decimal;
  readonly convertedSubtotal: Decimal;
  readonly service: ClosedSpan;
  readonly credit: CreditOrigin;
  readonly accountingProductId: string | null;
  /** The child that the line names. */
  readonly child: AccountFacts | null;
  readonly drawn: readonly DrawnPart[];
};

/** What a line knows of the commitment or balance that it comes from. */
export type CreditOrigin = {
  readonly source: CreditSource;
  readonly id: string;
  readonly accountId: string;
  readonly contractId: string | null;
  readonly productIds: readonly string[];
};

export function creditLine({ index }: Calculation, line: CreditLine): DraftLine {
  const { credit, service, accountingProductId, child, drawn, rule, timing, ...fields } = line;
  const { exactAmount, ...shown } = fields;
  const isCommitment = credit.source === 'PREPAYMENT';
  return {
    ...shown,
    ...NO_ORIGIN,
    ...ONE_UNIT,
    ...productsOf(index, credit, accountingProductId),
    averageUnitPrice: line.subtotal,
    servicePeriodStartDate: service.start,
    servicePeriodEndDate: service.end,
    commitmentId: isCommitment ? credit.id : null,
    balanceId: isCommitment ? null : credit.id,
    contractId: credit.contractId,
    childAccountId: child?.id ?? null,
    childAccountCode: child?.code ?? null,
    reason: {
      ...PLAIN_REASON,
      rule,
      timing,
      chargeKey: line.key,
      accountId: credit.accountId,
      exactAmount,
      drawn,
    },
  };
}

const ONE_UNIT = { planCode: '', attachedKey: null, quantity: ONE, units: ONE, unit: '' } as const;

/** The product is that of a credit for one product; the accounting product is the credit's own or none. */
function productsOf({ products }: FactsIndex, credit: CreditOrigin, accountingProductId: string | null) {
  const productId = credit.productIds.length === 1 ? (credit.productIds[0] ?? null) : null;
  const product = productId === null ? undefined : products.get(productId);
  const accounting = accountingProductId === null ? undefined : products.get(accountingProductId);
  return {
    productId,
    productName: product?.name ?? null,
    productCode: product?.code ?? null,
    accountingProductId,
    accountingProductName: accounting?.name ?? null,
    accountingProductCode: accounting?.code ?? null,
  };
}

/** A default text: `Prepayment Fee (Core, Support)`, or `(account-wide)` for all products. */
export function scopedText(text: string, { products }: FactsIndex, productIds: readonly string[]): string {
  const names = productIds.map((id) => products.get(id)?.name ?? '');
  return `${text} (${names.length > 0 ? names.join(', ') : 'account-wide'})`;
}
