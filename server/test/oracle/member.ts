import type { PlainDate } from '../../src/kernel/time.ts';
import {
  before,
  common,
  dateIn,
  type Grid,
  gridDate,
  indexOf,
  isLater,
  midnight,
  nextCell,
  type Piece,
  pieceOf,
} from './calendar.ts';
import type { Billed, BillKey } from './line.ts';
import type { Attachment, Group, Organization, Plan, Template } from './organization.ts';
import { the } from './organization.ts';

/** A plan as attached to an account, by itself or as one of a group. */
export type Member = {
  readonly id: string;
  readonly attachment: Attachment;
  readonly plan: Plan;
  readonly template: Template;
  readonly group: Group | null;
  readonly grid: Grid;
  /** The bill that its lines are on, and the child's id when that bill is the parent's. */
  readonly on: BillKey;
  readonly child: string | null;
  readonly contractLimit: Piece | null;
};

/** One billing period of a member, counted from 0. */
export type Period = {
  readonly n: number;
  readonly opens: PlainDate;
  readonly closes: PlainDate;
  /** Whether there is a bill on the day it opens (spec 40 §5.3: else it is caught up on the closing bill). */
  readonly opensOnBill: boolean;
  readonly service: Piece | null;
};

/** Spec 40 §3.3, §4.2, §6.3, 30 §4: everything attached to the accounts, groups taken apart into plans. */
export function membersOf(organization: Organization, accounts: readonly string[]): readonly Member[] {
  return organization.attachments
    .filter((attachment) => accounts.includes(attachment.account))
    .flatMap((attachment) => {
      const group = attachment.group === null ? null : the(organization.groups, attachment.group);
      const plans = group === null ? [attachment.plan ?? ''] : group.plans;
      return plans.map((plan) => memberOf(organization, attachment, the(organization.plans, plan)));
    });
}

function memberOf(organization: Organization, attachment: Attachment, plan: Plan): Member {
  const template = the(organization.templates, plan.template);
  const account = the(organization.accounts, attachment.account);
  const epoch = attachment.epoch ?? account.epoch ?? organization.epochs[template.every];
  const rollsUp = account.parent !== null && attachment.mode !== 'CHILD';
  return {
    id: `${attachment.id} ${plan.id}`,
    attachment,
    plan,
    template,
    group: attachment.group === null ? null : the(organization.groups, attachment.group),
    grid: { every: template.every, interval: template.interval, epoch },
    on: {
      account: rollsUp ? (account.parent ?? '') : account.id,
      group: billGroup(organization, attachment.contract),
      frequency: organization.consolidate ? 'ALL' : `${template.every}/${template.interval}`,
    },
    child: rollsUp && attachment.mode === 'PARENT_BREAKDOWN' ? account.id : null,
    contractLimit: contractLimit(organization, attachment.contract),
  };
}

/** Spec 40 §4.2: a contract with a key has a bill of its own, or shares it when the key is not exclusive. */
export function billGroup(organization: Organization, contract: string | null): string {
  const row = organization.contracts.find((one) => one.id === contract);
  if (row === undefined || row.key === null) return 'default';
  return row.exclusive ? `contract ${row.id}` : `key ${row.key}`;
}

function contractLimit(organization: Organization, contract: string | null): Piece | null {
  const row = organization.contracts.find((one) => one.id === contract);
  return row?.limits ? pieceOf(row.from, row.to, organization.zone) : null;
}

/** Its periods in order, up to and with the one that opens on `until`. */
export function periodsOf(member: Member, until: PlainDate, zone: string): readonly Period[] {
  const { grid, attachment } = member;
  const started = dateIn(attachment.from, zone);
  const first = Math.max(0, nextCell(grid, started));
  const periods: Period[] = [];
  for (let k = first; ; k += 1) {
    const closes = gridDate(grid, k);
    const opens = openingDate(member, k, zone);
    if (isLater(opens, until)) return periods;
    const service = serviceIn(member, pieceOf(opens, closes, zone));
    const opensOnBill = k >= 1 && !isLater(started, opens);
    periods.push({ n: k - first, opens, closes, opensOnBill, service });
  }
}

/** Spec 40 §3.4: the first period may be longer than a cycle. */
function openingDate({ grid, attachment }: Member, k: number, zone: string): PlainDate {
  const before = gridDate(grid, k - 1);
  if (k >= 1) return before;
  const started = dateIn(attachment.from, zone);
  return isLater(before, started) ? started : before;
}

/** Spec 40 §3.5: the part of a piece of time in which the plan is attached and its contract runs. */
export function serviceIn({ attachment, contractLimit }: Member, piece: Piece): Piece | null {
  const end = attachment.to ?? piece.end;
  const active = before(attachment.from, end) ? common(piece, { start: attachment.from, end }) : null;
  if (active === null || contractLimit === null) return active;
  return common(active, contractLimit);
}

/** What a member brings to the bills of a date: the period that closes and the one that opens. */
export type Part = {
  readonly member: Member;
  readonly closing: Period | null;
  readonly opening: Period | null;
  readonly periods: readonly Period[];
  /** What the bills dated on the first day of the closing period had of the member. */
  readonly before: readonly Billed[];
};

type Job = { readonly date: PlainDate; readonly zone: string; readonly billed: readonly Billed[] };

/** Spec 40 §3.4, §3.6, §5.3; null when the date is none of its bill dates. */
export function partOn(member: Member, job: Job): Part | null {
  const { date, zone } = job;
  const k = indexOf(member.grid, date);
  const started = dateIn(member.attachment.from, zone);
  if (k === null || k < 0 || isLater(started, date)) return null;
  if (isLater(date, lastBillDate(member, date, zone))) return null;
  const periods = periodsOf(member, date, zone);
  const onGrid = periods.find((period) => period.closes.equals(date)) ?? null;
  const closing = onGrid === null ? null : sinceLastBill(member, onGrid, job);
  const next = periods.find((period) => period.opens.equals(date)) ?? null;
  const opening = next !== null && isActive(member, midnight(date, zone)) ? next : null;
  if (closing === null && opening === null) return null;
  const before = job.billed.filter(
    (one) => one.member === member.id && closing !== null && one.date.equals(closing.opens),
  );
  const rated = periods.map((period) => (period === onGrid && closing !== null ? closing : period));
  return { member, closing, opening, periods: rated, before };
}

/** Spec 40 §3.4: after a change of epoch or frequency a period goes on where the last bill ended. */
function sinceLastBill(member: Member, period: Period, { date, zone, billed }: Job): Period {
  const ends = billed
    .filter((one) => one.member === member.id)
    .flatMap(({ closes }) => (closes !== null && isLater(date, closes) ? [closes] : []));
  const opens = ends.reduce((last, end) => (isLater(end, last) ? end : last), period.opens);
  if (opens.equals(period.opens)) return period;
  return { ...period, opens, service: serviceIn(member, pieceOf(opens, period.closes, zone)) };
}

function isActive({ attachment }: Member, moment: ReturnType<typeof midnight>): boolean {
  return attachment.to === null || before(moment, attachment.to);
}

/**
 * Spec 40 §3.6: the first grid date on or after the end. With an end inside a day, the grid date of that very
 * day would leave out the hours until the end, so it is the next one then.
 */
function lastBillDate({ grid, attachment }: Member, date: PlainDate, zone: string): PlainDate {
  if (attachment.to === null) return date;
  const ended = dateIn(attachment.to, zone);
  const isWhole = midnight(ended, zone).equals(attachment.to);
  const first = gridDate(grid, Math.max(0, nextCell(grid, dateIn(attachment.from, zone))));
  const last = gridDate(grid, nextCell(grid, isWhole ? ended.subtract({ days: 1 }) : ended));
  return isLater(first, last) ? first : last;
}
