import { type Decimal, ONE } from '../../src/kernel/decimal.ts';
import type { PlainDate } from '../../src/kernel/time.ts';
import { byLength, isLater } from './calendar.ts';
import { type Fee, feesOf, REST } from './commitment-fees.ts';
import { type Bill, type BillKey, isLocked, type Line, lineOf } from './line.ts';
import { billGroup } from './member.ts';
import type { Charge, Commitment, Frequency, Organization } from './organization.ts';
import { the } from './organization.ts';

/** The date, the bills that are due on it, and all earlier bills. */
export type Joining = {
  readonly date: PlainDate;
  readonly due: readonly BillKey[];
  readonly earlier: readonly Bill[];
};

/** Spec 40 §4.2: the due bill of the account and group with the shortest frequency, or one of its own. */
function joinedBill(account: string, group: string, due: readonly BillKey[]): BillKey | null {
  const bills = due.filter((key) => key.account === account && key.group === group);
  return bills.toSorted((a, b) => byLength(cycleOf(a), cycleOf(b)))[0] ?? null;
}

/** Several bills of one date, account and group are of different cycles. */
function cycleOf({ frequency }: BillKey) {
  const [every = '', interval = '1'] = frequency.split('/');
  return { every: every as Frequency, interval: Number.parseInt(interval, 10) };
}

/** A bill that no plan makes due; where everything of a date is on one bill, it is that one. */
function ownBill(organization: Organization, account: string, group: string): BillKey {
  return { account, group, frequency: organization.consolidate ? 'ALL' : 'AD_HOC' };
}

/** Spec 50 §8: charges of the date, and late ones that no bill has yet. */
export function chargeLines(organization: Organization, accounts: readonly string[], joining: Joining) {
  return organization.charges
    .filter((charge) => accounts.includes(charge.account))
    .filter((charge) => !joining.earlier.some((bill) => bill.charges.includes(charge.id)))
    .flatMap((charge) => {
      const group = billGroup(organization, charge.contract);
      if (isLater(charge.date, joining.date)) return [];
      const own = ownBill(organization, charge.account, group);
      return [chargeLine(organization, charge, joinedBill(charge.account, group, joining.due) ?? own)];
    });
}

function chargeLine(organization: Organization, charge: Charge, on: BillKey): Line {
  const units = charge.units ?? ONE;
  const exact: Decimal = charge.amount ?? units.times(charge.price ?? ONE);
  return lineOf(organization, {
    type: charge.type,
    on,
    owner: charge.account,
    text: charge.id,
    quantity: units,
    units,
    exact,
    currency: charge.currency,
    service: { start: charge.from, end: charge.to },
    product: charge.product,
    contract: charge.contract,
    origin: charge.id,
  });
}

/** Spec 50 §4: fees of the date; those of a child's commitment go where its mode says (§6.9). */
export function feeLines(organization: Organization, accounts: readonly string[], joining: Joining) {
  return organization.commitments
    .filter((commitment) => accounts.includes(commitment.account))
    .flatMap((commitment) =>
      feesOf(organization, commitment, lockedBills(organization, commitment, joining.earlier))
        .filter((fee) => !fee.amount.isZero() && isDue(commitment, fee, joining))
        .map(({ key, amount, service }) => {
          const place = placeOf(organization, commitment);
          const group = billGroup(organization, commitment.contract);
          const on =
            joinedBill(place.account, group, joining.due) ?? ownBill(organization, place.account, group);
          return lineOf(organization, {
            type: 'COMMITMENT_FEE',
            on,
            owner: commitment.account,
            child: place.child,
            text: `Prepayment Fee (${scopeText(commitment)})`,
            exact: amount,
            subtotal: amount,
            currency: commitment.currency,
            service,
            contract: commitment.contract,
            origin: commitment.id,
            fee: key,
          });
        }),
    );
}

/** Those on which the commitment's fees are. */
function lockedBills(organization: Organization, commitment: Commitment, bills: readonly Bill[]) {
  const { account } = placeOf(organization, commitment);
  const group = billGroup(organization, commitment.contract);
  return bills.filter(
    (bill) => bill.on.account === account && bill.on.group === group && isLocked(organization, bill),
  );
}

/**
 * Spec 40 §8.1: agreed fees that are overdue take part like late charges, and the rest of a commitment is on
 * the next bill; others only on their day.
 */
function isDue({ id, plan }: Commitment, { key, date }: Fee, joining: Joining): boolean {
  if (plan !== null && key !== REST) return date.equals(joining.date);
  if (isLater(date, joining.date)) return false;
  const billed = joining.earlier.flatMap((bill) => bill.history);
  return !billed.some((line) => line.origin === id && line.fee === key);
}

/** Spec 50 §6.9: on whose bill the lines of a child's commitment are. */
export function placeOf(organization: Organization, { account, mode }: Commitment) {
  const { parent } = the(organization.accounts, account);
  if (parent === null || mode === 'CHILD') return { account, child: null };
  return { account: parent, child: mode === 'PARENT_BREAKDOWN' ? account : null };
}

/** Spec 50 §12. */
export function scopeText({ products }: { readonly products: readonly string[] }): string {
  return products.length === 0 ? 'account-wide' : products.join(', ');
}
