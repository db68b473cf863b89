// Spec 30 §9, 40 §5.4 step 10, 50 §6.7: usage beyond the credits: surcharges, or lines of its own.
import { type Decimal, minOf, sumOf, ZERO } from '../../../kernel/decimal.ts';
import type { BillFailure } from '../bill.ts';
import { billCurrencyOf, type Calculation } from '../calculation.ts';
import { creditLine, scopedText } from '../credit-line.ts';
import { type Draft, type DraftLine, RANK, withFailure } from '../draft.ts';
import type { Taken } from '../draw-down.ts';
import { shownChild } from '../draw-place.ts';
import { groupsOf } from '../groups-of.ts';
import { convertedAmount, isBillFailure, roundedAmount } from '../line-amount.ts';
import { type Overage, overagesOf } from '../overage.ts';
import { overageInLineCurrency, overageSplit } from '../overage-split.ts';
import { hullOf } from '../service-span.ts';
import { servicePeriod } from '../time-charge.ts';

/** The first of the specification's cases that applies to a line: surcharge, overage prices, own line. */
export function overage(draft: Draft, calculation: Calculation): Draft {
  const { needs, overages, failures } = overagesOf(draft, calculation);
  if (needs.length > 0 || failures.length > 0) return { ...draft, needs, failures };
  const surcharged = overages.filter(hasSurcharge);
  const split = overages.filter((found) => !hasSurcharge(found) && isSplit(calculation, found));
  const grown = split.reduce((lines, found) => withSplit(lines, calculation, found), draft);
  return grown.failures.length === 0 ? withSurcharges(grown, calculation, surcharged) : grown;
}

function hasSurcharge({ credit }: Overage): boolean {
  return !credit.overage.surchargePercent.isZero();
}

function isSplit({ index }: Calculation, { drawable, credit }: Overage): boolean {
  const pricing = index.pricings.get(drawable.line.pricingId ?? '');
  return credit.overage.isSeparate || (pricing?.overagePricingBands.length ?? 0) > 0;
}

/** The draft with the line split in two, and with no more paid for it than what stays of it. */
function withSplit(draft: Draft, calculation: Calculation, found: Overage): Draft {
  const { line } = found.drawable;
  const parts = overageSplit({ draft, calculation, overage: found });
  if (isBillFailure(parts)) return withFailure(draft, calculation, parts);
  const others = draft.lines.filter((other) => other !== line);
  const lines = [...others, ...(parts.kept === null ? [] : [parts.kept]), parts.overage];
  const limit = parts.kept?.convertedSubtotal ?? ZERO;
  const taken = limitedTo(calculation, draft.taken, { line, limit });
  if (isBillFailure(taken)) return withFailure(draft, calculation, taken);
  return { ...draft, lines, taken };
}

type Limit = { readonly line: DraftLine; readonly limit: Decimal };

/** What is paid for the line in all, cut at the limit: the credits that came last give back. */
function limitedTo(
  calculation: Calculation,
  taken: readonly Taken[],
  { line, limit }: Limit,
): readonly Taken[] | BillFailure {
  const kept: Taken[] = [];
  let left = limit;
  for (const part of taken) {
    if (part.line !== line) {
      kept.push(part);
      continue;
    }
    const cut = part.convertedAmount.lte(left) ? part : cutTo(calculation, part, left);
    if (isBillFailure(cut)) return cut;
    left = left.minus(cut.convertedAmount);
    if (cut.amount.gt(0)) kept.push(cut);
  }
  return kept;
}

function cutTo(calculation: Calculation, part: Taken, convertedAmount: Decimal): Taken | BillFailure {
  const { credit, rate, line } = part;
  const named = {
    amount: convertedAmount.dividedBy(rate),
    currency: credit.currency,
    entity: credit.title,
    billAccountId: line.billAccountId,
  };
  const amount = roundedAmount(calculation, named);
  return isBillFailure(amount) ? amount : { ...part, convertedAmount, amount: minOf(amount, part.amount) };
}

/** One surcharge for each bill, credit and currency of usage: 2 % of 1500 are 30. */
function withSurcharges(draft: Draft, calculation: Calculation, overages: readonly Overage[]): Draft {
  const lines: DraftLine[] = [];
  for (const group of groupsOf(overages, surchargeKey)) {
    const line = surchargeLine(calculation, group);
    if (isBillFailure(line)) return withFailure(draft, calculation, line);
    if (!line.subtotal.isZero()) lines.push(line);
  }
  return { ...draft, lines: [...draft.lines, ...lines] };
}

function surchargeKey({ drawable: { line }, credit }: Overage): string {
  return JSON.stringify([line.billAccountId, credit.source, credit.id, line.currency]);
}

function surchargeLine(
  calculation: Calculation,
  group: readonly [Overage, ...Overage[]],
): DraftLine | BillFailure {
  const [{ drawable, credit }] = group;
  const { billAccountId, currency } = drawable.line;
  const exactAmount = surchargeOf(calculation, group);
  if (isBillFailure(exactAmount)) return exactAmount;
  const named = { amount: exactAmount, currency, entity: credit.title, billAccountId };
  const subtotal = roundedAmount(calculation, named);
  if (isBillFailure(subtotal)) return subtotal;
  const to = billCurrencyOf(calculation, billAccountId);
  const converted = convertedAmount(calculation, { ...named, amount: subtotal }, to);
  if (isBillFailure(converted)) return converted;
  const { description, accountingProductId } = credit.overage;
  const children = new Set(
    group.map((found) => shownChild(calculation, { credit, line: found.drawable.line }, billAccountId)),
  );
  return creditLine(calculation, {
    key: `surcharge/${credit.source}/${credit.id}/${currency}`,
    ...{ billAccountId, currency, exactAmount, subtotal, accountingProductId, credit },
    rank: RANK.overageSurcharge,
    lineItemType: 'OVERAGE_SURCHARGE',
    rule: '50 §6.7',
    timing: 'ARREARS',
    description: description ?? scopedText('Overage Surcharge', calculation.index, credit.productIds),
    conversionRate: converted.rate,
    convertedSubtotal: converted.amount,
    service: hullOf(group.map((found) => servicePeriod(found.drawable.line))),
    child: children.size === 1 ? ([...children][0] ?? null) : null,
    drawn: [],
  });
}

/** In the currency of the usage, not rounded. */
function surchargeOf(
  calculation: Calculation,
  group: readonly [Overage, ...Overage[]],
): Decimal | BillFailure {
  const amounts: Decimal[] = [];
  for (const found of group) {
    const amount = overageInLineCurrency(calculation, found);
    if (isBillFailure(amount)) return amount;
    amounts.push(amount);
  }
  return sumOf(amounts).times(group[0].credit.overage.surchargePercent).div(100);
}
