import { ZERO } from '../../src/kernel/decimal.ts';
import type { PlainDate } from '../../src/kernel/time.ts';
import { groupsOf } from './attached-group.ts';
import { dateIn, gridDate, indexOf, isLater } from './calendar.ts';
import { counterLines } from './counter-lines.ts';
import { kindsOf } from './credit.ts';
import { billDraws, consumedLines, drawDown } from './draw-down.ts';
import { groupFloors, planFloors } from './floors.ts';
import { chargeLines, feeLines } from './joined-lines.ts';
import { type Bill, type Billed, type BillKey, billCurrency, isLocked, type Line, sameBill } from './line.ts';
import { inBillOrder } from './line-order.ts';
import { membersOf, type Part, partOn } from './member.ts';
import { BillFailureError } from './money.ts';
import type { Organization } from './organization.ts';
import { withOverage } from './overage.ts';
import { groupCharges, standingCharges } from './standing-charges.ts';
import { withSummaries } from './summaries.ts';
import { keysInAdvance } from './time-charges.ts';
import { cappedCredit, inPriceOrder } from './usage-credits.ts';
import { usageLines } from './usage-lines.ts';

export type Target = { readonly date: PlainDate; readonly frequency: string | null };

/** The bills of one job: those of every account that can be calculated, and who failed and why. */
export type Outcome = {
  readonly bills: readonly Bill[];
  readonly failures: readonly { readonly account: string; readonly reason: string }[];
};

/**
 * Spec 30, 40 and 50 word for word, slowly: the bills of all accounts with this date. `earlier` are the bills
 * that exist; those of the same date are calculated anew.
 */
export function billsOn(organization: Organization, earlier: readonly Bill[], target: Target): Outcome {
  const parents = organization.accounts.filter((account) => account.parent === null);
  const bills: Bill[] = [];
  const failures: { account: string; reason: string }[] = [];
  for (const { id } of parents) {
    const children = organization.accounts.filter((account) => account.parent === id);
    const accounts = [id, ...children.map((child) => child.id).sort()];
    try {
      bills.push(...unitBills(organization, accounts, { earlier, target }));
    } catch (error) {
      if (!(error instanceof BillFailureError)) throw error;
      failures.push({ account: id, reason: error.message });
    }
  }
  return { bills, failures };
}

type Job = { readonly earlier: readonly Bill[]; readonly target: Target };

/** Spec 40 §6.1: a parent with its children is calculated in one pass, in the steps of 30 §19. */
function unitBills(organization: Organization, accounts: readonly string[], job: Job): readonly Bill[] {
  const { date } = job.target;
  const before = job.earlier.filter((bill) => !bill.date.equals(date));
  const locked = job.earlier.filter((bill) => bill.date.equals(date) && isLocked(organization, bill));
  const others = [...before, ...locked];
  const isKept = (on: BillKey) => locked.some((bill) => sameBill(bill.on, on));
  const parts = dueParts(organization, accounts, { target: job.target, earlier: before });
  const groups = groupsOf(membersOf(organization, accounts), parts);
  const known = { earlier: others.flatMap((bill) => bill.history) };
  const usage = parts.flatMap((part) => usageLines(organization, part));
  let lines: readonly Line[] = [
    ...usage.filter((line) => line.type === 'USAGE'),
    ...parts.flatMap((part) => counterLines(organization, part, known.earlier)),
    ...parts.flatMap((part) => standingCharges(organization, part, known.earlier)),
    ...groups.flatMap(({ part }) => groupCharges(organization, part, known.earlier)),
  ];
  lines = withCredits(organization, lines, ofType(usage, 'PRODUCT_CREDIT'));
  for (const part of parts) lines = [...lines, ...planFloors(organization, part, { ...known, lines })];
  for (const group of groups) lines = [...lines, ...groupFloors(organization, group, { ...known, lines })];
  lines = lines.filter((line) => !isKept(line.on));
  const history = lines;
  const due = dueBills(parts, lines).filter((on) => !isKept(on));
  const joining = { date, due, earlier: others };
  const charges = chargeLines(organization, accounts, joining);
  lines = [...lines, ...charges, ...feeLines(organization, accounts, joining)];
  lines = withCredits(organization, lines, ofType(usage, 'GLOBAL_CREDIT'));
  const kinds = kindsOf(organization, accounts);
  const ordered = inBillOrder(lines, kinds);
  const drawn = drawDown(organization, accounts, { lines: ordered, others });
  const over = withOverage(organization, ordered, { drawn, others });
  const final = withSummaries([...over.lines, ...consumedLines(organization, over.taken)]);
  const keys = uniqueKeys([...due, ...final.map((line) => line.on)]);
  return keys.map((on) => ({
    ...headOf(organization, { on, parts, lines: final, date, kinds }),
    draws: billDraws(organization, over.taken, on),
    billed: parts
      .filter((part) => sameBill(part.member.on, on))
      .map((part) => billedPart(organization, part, date)),
    history: [
      ...history.filter((line) => sameBill(line.on, on)),
      ...final.filter((line) => line.fee !== undefined),
    ],
    charges: charges.filter((line) => sameBill(line.on, on)).map((line) => line.origin),
  }));
}

function billedPart(organization: Organization, part: Part, date: PlainDate): Billed {
  const { member, closing, opening } = part;
  return {
    date,
    member: member.id,
    closes: closesAttachedTime(part) ? (closing?.closes ?? null) : null,
    until: opening?.closes ?? null,
    advance: keysInAdvance(organization, part),
  };
}

/** Spec 40 §8.1: with consolidation the frequency only selects which items make a bill due. */
function dueParts(
  organization: Organization,
  accounts: readonly string[],
  { target, earlier }: Job,
): readonly Part[] {
  const billed = earlier.flatMap((bill) => bill.billed);
  const parts = membersOf(organization, accounts).flatMap((member) => {
    const part = partOn(member, { date: target.date, zone: organization.zone, billed });
    return part === null ? [] : [part];
  });
  const named = parts.filter(
    (part) => target.frequency === null || part.member.template.every === target.frequency,
  );
  return organization.consolidate && named.length > 0 ? parts : named;
}

function ofType(usage: readonly Line[], type: string): readonly Line[] {
  return usage.filter((line) => line.price?.type === type);
}

function withCredits(
  organization: Organization,
  lines: readonly Line[],
  credits: readonly Line[],
): readonly Line[] {
  let all = lines;
  for (const credit of inPriceOrder(organization, credits)) {
    const capped = cappedCredit(organization, credit, all);
    if (!capped.converted.isZero()) all = [...all, capped];
  }
  return all;
}

/** Spec 40 §4.6: closing a period makes a bill due; only opening one does when there is something on it. */
function dueBills(parts: readonly Part[], lines: readonly Line[]): readonly BillKey[] {
  const closing = parts.filter(closesAttachedTime).map((part) => part.member.on);
  return uniqueKeys([...closing, ...lines.map((line) => line.on)]);
}

/** Whether a period ends in which the plan was attached and its contract ran (spec 40 §3.6). */
function closesAttachedTime({ closing }: Part): boolean {
  return closing !== null && closing.service !== null;
}

function uniqueKeys(keys: readonly BillKey[]): readonly BillKey[] {
  return keys.filter((key, i) => keys.findIndex((other) => sameBill(key, other)) === i);
}

type Head = {
  readonly on: BillKey;
  readonly parts: readonly Part[];
  readonly lines: readonly Line[];
  readonly date: PlainDate;
  /** The kinds of credit in the order in which they pay. */
  readonly kinds: readonly string[];
};

/**
 * Spec 40 §4.1, §4.2: frequency and period of a bill, the longest when several plans share it. Plans of
 * different intervals do not agree, since the bill has only one interval to show.
 */
function headOf(organization: Organization, { on, parts, lines, date, kinds }: Head) {
  const mine = lines.filter((line) => sameBill(line.on, on));
  const members = parts.filter(
    (part) =>
      (sameBill(part.member.on, on) && closesAttachedTime(part)) ||
      mine.some((line) => line.member?.id === part.member.id),
  );
  const frequencies = new Set(
    members.map(({ member: { template } }) => `${template.every}/${template.interval}`),
  );
  const every = members[0]?.member.template.every ?? 'AD_HOC';
  const starts = members.map((part) => openingOf(part, date)).sort((a, b) => (isLater(a, b) ? 1 : -1));
  const charged = mine.filter((line) => line.type !== 'COMMITMENT_CONSUMED');
  const dates = (charged.length > 0 ? charged : mine).flatMap(({ service }) => [
    dateIn(service.start, organization.zone),
    dateIn(service.end, organization.zone),
  ]);
  const sorted = dates.sort((a, b) => (isLater(a, b) ? 1 : -1));
  const isCyclic = members.length > 0;
  return {
    on,
    date,
    currency: billCurrency(organization, on.account),
    frequency: frequencies.size > 1 ? 'MIXED' : every,
    from: (isCyclic ? starts[0] : sorted[0]) ?? date,
    to: (isCyclic ? date : sorted.at(-1)) ?? date,
    lines: inBillOrder(mine, kinds),
  };
}

/** The first day of the period that a plan's bill of this date is for. */
function openingOf({ member, closing }: Part, date: PlainDate): PlainDate {
  if (closing !== null) return closing.opens;
  const k = indexOf(member.grid, date) ?? 0;
  return gridDate(member.grid, k - 1);
}

/** The sum of the converted lines (spec 40 §5.8 no. 3). */
export function totalOf({ lines }: Pick<Bill, 'lines'>) {
  return lines.reduce((sum, line) => sum.plus(line.converted), ZERO);
}
