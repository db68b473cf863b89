import { type Decimal, ONE, ZERO } from '../../src/kernel/decimal.ts';
import type { PlainDate } from '../../src/kernel/time.ts';
import { before, common, dateIn, isLater, midnight, type Piece, proration, times } from './calendar.ts';
import { type Line, lineOf } from './line.ts';
import type { Member, Part, Period } from './member.ts';
import type { CounterPrice, Organization } from './organization.ts';
import { costOf } from './rating.ts';
import { pricesOf, windowsOf, winnerAt } from './rating-window.ts';
import { counterOf, duePeriods, shareOf, type TimeCharge } from './time-charges.ts';

/** Spec 30 §15: running totals and adjustments of every counter that the plan prices. */
export function counterLines(
  organization: Organization,
  part: Part,
  earlier: readonly Line[],
): readonly Line[] {
  const prices = pricesOf(organization.counterPrices, part.member);
  const counters = [...new Set(prices.map((price) => price.counter))];
  return counters.flatMap((counter) => {
    const slot = prices.filter((price) => price.counter === counter);
    const lines = [
      ...totals(organization, part, { slot, earlier }),
      ...adjustmentLines(organization, part, slot),
    ];
    return lines.filter((line) => !line.subtotal.isZero());
  });
}

/** Spec 30 §15.4: the value at the end of a day. */
function valueOn(organization: Organization, member: Member, { counter, day }: Day): Decimal {
  const known = organization.adjustments
    .filter((one) => one.account === member.attachment.account && one.counter === counter)
    .filter((one) => !isLater(one.date, day))
    .sort((a, b) => (isLater(a.date, b.date) ? 1 : -1));
  return known.at(-1)?.value ?? ZERO;
}

type Day = { readonly counter: string; readonly day: PlainDate };
type Slot = readonly CounterPrice[];

type Counted = { readonly slot: Slot; readonly earlier: readonly Line[] };

/** Spec 30 §15.5: of the period that closes when in arrears, of the one that opens when in advance. */
function totals(organization: Organization, part: Part, { slot, earlier }: Counted): readonly Line[] {
  const { closing, opening } = part;
  const alone = [
    { ...part, opening: null },
    { ...part, closing: null },
  ];
  return [closing, opening].flatMap((period, i) => {
    if (period === null || period.service === null) return [];
    const charge = counterOf(part.member, slot, period.service);
    const due = duePeriods(alone[i] ?? part, charge, { earlier, zone: organization.zone });
    const windows = windowsAtStart(slot, period.service);
    return due.flatMap(({ pieces }) =>
      windows.flatMap(({ price, during, byDays }) => {
        const left = pieces.flatMap((piece) => common(piece, during) ?? []);
        if (left.length === 0) return [];
        return [totalLine(organization, part.member, { price, pieces: left, byDays, period, charge })];
      }),
    );
  });
}

/** The winner at the start; only with proration does a change inside the period count (spec 30 §15.5). */
function windowsAtStart(slot: Slot, service: Piece) {
  const price = winnerAt(slot, service.start);
  if (price === null) return [];
  const windows = price.prorateTotal ? windowsOf(slot, service) : [{ price, during: service }];
  return windows.map((window) => ({ byDays: price.prorateTotal, ...window }));
}

type Total = {
  readonly price: CounterPrice;
  readonly pieces: readonly Piece[];
  readonly byDays: boolean;
  readonly period: Period;
  readonly charge: TimeCharge;
};

function totalLine(organization: Organization, member: Member, total: Total): Line {
  const { price, pieces, byDays, period, charge } = total;
  const { zone } = organization;
  const opens = period.service === null ? period.opens : dateIn(period.service.start, zone);
  const units = valueOn(organization, member, { counter: price.counter, day: opens.subtract({ days: 1 }) });
  const full = cost(price, units);
  const { factor, service } = shareOf(member, pieces, zone);
  const exact = byDays ? times(full, factor) : full;
  return lineOf(organization, {
    ...base(member, price),
    type: 'COUNTER_RUNNING_TOTAL_CHARGE',
    text: 'Counter Running Total Charge',
    quantity: units,
    units,
    exact,
    service,
    advance: charge.advance,
    timed: charge.key,
  });
}

/** Spec 30 §15.4: no units cost nothing, whatever the fixed prices are. */
function cost(price: CounterPrice, units: Decimal): Decimal {
  return units.isZero() ? ZERO : costOf(price.bands, price.tiered, units);
}

function base(member: Member, price: CounterPrice) {
  return {
    on: member.on,
    member,
    owner: member.attachment.account,
    child: member.child,
    currency: member.template.currency,
    product: member.template.product,
    contract: member.attachment.contract,
    origin: `counter ${price.counter}`,
    quantity: ONE,
    units: ONE,
  };
}

function adjustmentLines(organization: Organization, part: Part, slot: Slot): readonly Line[] {
  const { closing, member } = part;
  const service = closing?.service ?? null;
  if (service === null) return [];
  const { zone, adjustments } = organization;
  const counter = slot[0]?.counter ?? '';
  const first = dateIn(service.start, zone);
  return adjustments
    .filter((one) => one.account === member.attachment.account && one.counter === counter)
    .filter((one) => !isLater(first, one.date) && before(midnight(one.date, zone), service.end))
    .flatMap(({ date, value }) => {
      const price = winnerAt(slot, midnight(date, zone));
      const earlier = valueOn(organization, member, { counter, day: date.subtract({ days: 1 }) });
      if (price === null || earlier.eq(value)) return [];
      const moment = midnight(date, zone);
      const start = before(moment, service.start) ? service.start : moment;
      const during = { start, end: service.end };
      return [adjustmentLine(organization, member, { price, earlier, value, during })];
    });
}

type Step = {
  readonly price: CounterPrice;
  readonly earlier: Decimal;
  readonly value: Decimal;
  readonly during: Piece;
};

function adjustmentLine(organization: Organization, member: Member, step: Step): Line {
  const { price, earlier, value, during } = step;
  const isDebit = value.gt(earlier);
  const full = cost(price, value).minus(cost(price, earlier));
  const prorates = isDebit ? price.prorateDebit : price.prorateCredit;
  const factor = proration(member.grid, during, organization.zone);
  const units = value.minus(earlier).abs();
  return lineOf(organization, {
    ...base(member, price),
    type: isDebit ? 'COUNTER_ADJUSTMENT_DEBIT' : 'COUNTER_ADJUSTMENT_CREDIT',
    text: isDebit ? 'Counter Adjustment Debit' : 'Counter Adjustment Credit',
    quantity: units,
    units,
    exact: prorates ? times(full, factor) : full,
    service: during,
  });
}
