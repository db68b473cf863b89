import { type Decimal, sumOf, ZERO } from '../../src/kernel/decimal.ts';
import { before, common, type Piece } from './calendar.ts';
import { billCurrency, type Draft, type Line, lineOf } from './line.ts';
import type { Member, Part, Period } from './member.ts';
import { measuredValue, quantityOf, unitsOf } from './metering.ts';
import { rounded } from './money.ts';
import type { Metric, Organization, Price, Use } from './organization.ts';
import { the } from './organization.ts';
import { costOf, spanningCost } from './rating.ts';
import { pricesOf, type Window, windowsOf } from './rating-window.ts';

/** Spec 30 §6, §7, 40 §5.4 step 2: one line for each slot and window with a value; credits come uncapped. */
export function usageLines(organization: Organization, { member, closing, periods }: Part): readonly Line[] {
  if (closing === null) return [];
  return slotsOf(organization, member).flatMap((slot) =>
    ratedWindows(organization, member, { slot, periods, period: closing }).flatMap((rated) =>
      linesOf(organization, member, rated),
    ),
  );
}

function slotsOf(organization: Organization, member: Member): readonly (readonly Price[])[] {
  const slots = new Map<string, Price[]>();
  for (const price of pricesOf(organization.prices, member)) {
    const key = `${price.metric} ${price.segment?.join('/')} ${price.type}`;
    slots.set(key, [...(slots.get(key) ?? []), price]);
  }
  return [...slots.values()];
}

type Rated = Window<Price> & {
  readonly quantity: Decimal;
  readonly units: Decimal;
  readonly exact: Decimal;
  readonly earlierUnits: Decimal | null;
};

type Span = {
  readonly slot: readonly Price[];
  readonly periods: readonly Period[];
  readonly period: Period;
};

/** The windows of a period with their amounts; tiers that span the plan see the windows before them. */
function ratedWindows(organization: Organization, member: Member, span: Span): readonly Rated[] {
  const { slot, periods, period } = span;
  const rated: (Rated & { readonly n: number })[] = [];
  for (const { n, service } of periods.filter((one) => one.n <= period.n)) {
    for (const window of service === null ? [] : windowsOf(slot, service)) {
      const one = ratedWindow(organization, member, { window, earlier: rated });
      if (one !== null) rated.push({ ...one, n });
    }
  }
  return rated.filter((one) => one.n === period.n);
}

function ratedWindow(
  organization: Organization,
  member: Member,
  { window, earlier }: { window: Window<Price>; earlier: readonly Rated[] },
): Rated | null {
  const { price, during } = window;
  const metric = the(organization.metrics, price.metric);
  const accounts = blockOf(organization, member, during);
  const isApart = (use: Use) => hasOwnPlan(organization, member, use);
  const quantity = quantityOf(organization, { metric, accounts, during, segment: price.segment, isApart });
  if (quantity === null) return null;
  const units = unitsOf(quantity, metric);
  const soFar = sumOf(earlier.map((one) => one.units));
  const exact = price.span
    ? spanningCost(price.bands, price.tiered, { earlier: soFar, units, wasRated: earlier.length > 0 })
    : costOf(price.bands, price.tiered, units);
  const earlierUnits = price.span && earlier.length > 0 ? soFar : null;
  return { ...window, quantity, units, exact, earlierUnits };
}

/** Spec 40 §6.2: the account with its children that at some time are without a plan for the product. */
export function blockOf(organization: Organization, member: Member, during: Piece): readonly string[] {
  const own = member.attachment.account;
  const children = organization.accounts.filter((account) => account.parent === own);
  const changes = organization.attachments.flatMap(({ from, to }) => (to === null ? [from] : [from, to]));
  const inside = changes.filter((one) => before(during.start, one) && before(one, during.end));
  const moments = [during.start, ...inside];
  const pooled = children.filter(({ id: account }) =>
    moments.some((at) => !hasOwnPlan(organization, member, { account, at })),
  );
  return [own, ...pooled.map((child) => child.id).sort()];
}

/** Whether an account below the member's has a plan of its own for the product at a moment. */
function hasOwnPlan(
  organization: Organization,
  { attachment: { account: parent }, template: { product } }: Member,
  { account, at }: Pick<Use, 'account' | 'at'>,
): boolean {
  return organization.attachments.some((attachment) => {
    if (attachment.account !== account || account === parent) return false;
    const group = organization.groups.find((one) => one.id === attachment.group);
    const plans = group?.plans ?? [attachment.plan ?? ''];
    const templates = plans.map((plan) =>
      the(organization.templates, the(organization.plans, plan).template),
    );
    const isActive = !before(at, attachment.from) && (attachment.to === null || before(at, attachment.to));
    return isActive && templates.some((template) => template.product === product);
  });
}

function linesOf(organization: Organization, member: Member, rated: Rated): readonly Line[] {
  const metric = the(organization.metrics, rated.price.metric);
  const accounts = blockOf(organization, member, rated.during);
  const draft = draftOf(member, rated, metric);
  const { segment } = rated.price;
  const isApart = (use: Use) => hasOwnPlan(organization, member, use);
  const measuredOf = (ids: readonly string[], during: Piece) =>
    measuredValue(organization, { metric, accounts: ids, during, segment, isApart });
  const measured = (ids: readonly string[], during: Piece) => measuredOf(ids, during) ?? ZERO;
  const withMeasure = (ids: readonly string[]) =>
    ['SUM', 'COUNT'].includes(metric.method)
      ? (during: Piece) => {
          const part = common(during, rated.during);
          return part === null ? ZERO : measured(ids, part);
        }
      : null;
  const whole = lineOf(organization, { ...draft, measure: withMeasure(accounts) });
  if (member.attachment.mode === 'PARENT_SUMMARY' || accounts.length === 1) return [whole];
  const shares = accounts
    .filter((id) => measuredOf([id], rated.during) !== null)
    .map((id) => ({ id, quantity: measured([id], rated.during), measure: withMeasure([id]) }));
  // Shares of nothing: the block stays with the account of the plan.
  const isShared = shares.some((share) => !share.quantity.isZero());
  return isShared ? split(organization, member, { whole, shares }) : [whole];
}

function draftOf(member: Member, rated: Rated, metric: Metric): Draft {
  const { price, during, quantity, units, exact, earlierUnits } = rated;
  const isDebit = price.type === 'DEBIT';
  const segment = price.segment === null ? '' : ` (${price.segment.join(', ')})`;
  return {
    type: isDebit ? 'USAGE' : 'USAGE_CREDIT',
    on: member.on,
    member,
    owner: member.attachment.account,
    child: member.child,
    text: `${metric.id}${segment}`,
    quantity,
    units,
    exact: isDebit ? exact : exact.abs().negated(),
    currency: member.template.currency,
    service: during,
    product: member.template.product,
    contract: member.attachment.contract,
    origin: 'priced',
    price,
    segment: price.segment,
    ...(earlierUnits && { earlierUnits }),
  };
}

type Portion = { readonly id: string; readonly quantity: Decimal; readonly measure: Line['measure'] };

/** Spec 40 §6.3, §5.8 no. 5: shares by quantity while something is left; the last takes the rest. */
function split(
  organization: Organization,
  member: Member,
  { whole, shares }: { whole: Line; shares: readonly Portion[] },
): readonly Line[] {
  const total = sumOf(shares.map((share) => share.quantity));
  const isOwn = member.attachment.mode === 'CHILD';
  const isCapped = shares.every((share) => share.quantity.gte(0));
  let left = whole.subtotal;
  return shares.map(({ id, quantity, measure }, i) => {
    const isLast = i === shares.length - 1;
    const part = (amount: Decimal) => amount.times(quantity).div(total);
    const own = rounded(part(whole.subtotal), whole.currency, organization);
    const subtotal = isLast || (isCapped && own.abs().gt(left.abs())) ? left : own;
    const inBill = billCurrency(organization, isOwn ? id : whole.on.account);
    const converted = rounded(subtotal.times(whole.rate), inBill, organization);
    left = left.minus(subtotal);
    const isChild = id !== member.attachment.account;
    return {
      ...whole,
      on: isOwn ? { ...whole.on, account: id } : whole.on,
      owner: id,
      child: isChild && !isOwn ? id : whole.child,
      quantity: part(whole.quantity),
      units: part(whole.units),
      subtotal,
      converted,
      measure,
    };
  });
}
