import { type Decimal, ZERO } from '../../src/kernel/decimal.ts';
import { proration, times } from './calendar.ts';
import { isCaughtUp } from './counter-lines.ts';
import { type Bill, type Draft, type Line, lineOf } from './line.ts';
import type { Member, Part, Period } from './member.ts';
import type { Group, Organization } from './organization.ts';

/** A period that a charge is for, and whether it is charged at its start. */
export type Due = { readonly period: Period; readonly advance: boolean };

/** Spec 40 §5.3: in arrears the period that closes; in advance the one that opens and what is caught up. */
export function duePeriods({ closing, opening }: Part, advance: boolean): readonly Due[] {
  if (!advance) return closing === null ? [] : [{ period: closing, advance }];
  const caughtUp = closing !== null && isCaughtUp(closing) ? [{ period: closing, advance }] : [];
  return opening === null ? caughtUp : [...caughtUp, { period: opening, advance }];
}

/** Spec 30 §3.1, §13: the charge of the plan, on every so many periods. */
export function standingCharges(
  organization: Organization,
  part: Part,
  earlier: readonly Bill[],
): readonly Line[] {
  const { plan, template } = part.member;
  const amount = plan.standing ?? template.standing ?? ZERO;
  return [
    ...duePeriods(part, isInAdvance(organization, part)),
    ...switchedPeriods(organization, part, earlier),
  ]
    .filter((due) => !isCarried(part, due, earlier))
    .filter(({ period: { n } }) => {
      const since = n - template.standingOffset;
      return since >= 0 && since % template.standingInterval === 0;
    })
    .flatMap((due) => chargeLine(organization, part.member, { due, amount, group: null }));
}

/** Whether the plan's standing charge is charged at the start of its period. */
export function isInAdvance(organization: Organization, { member: { plan, template } }: Part): boolean {
  return plan.standingAdvance ?? template.standingAdvance ?? organization.advance.standing;
}

/**
 * Spec 40 §5.3: each service time is charged once. When the charge is in advance now and was not on the bill
 * that opened the closing period, that period is added.
 */
function switchedPeriods(organization: Organization, part: Part, earlier: readonly Bill[]): readonly Due[] {
  const { closing, member } = part;
  if (closing === null || !isInAdvance(organization, part)) return [];
  const opened = earlier.find(
    (bill) => bill.date.equals(closing.opens) && bill.inArrears.includes(member.id),
  );
  return opened === undefined ? [] : [{ period: closing, advance: true }];
}

function isCarried({ member }: Part, { period }: Due, earlier: readonly Bill[]): boolean {
  return earlier.some(({ history }) =>
    history.some(
      (line) =>
        line.type === 'STANDING_CHARGE' &&
        line.origin === 'plan' &&
        line.member?.id === member.id &&
        period.service !== null &&
        line.service.start.equals(period.service.start),
    ),
  );
}

/** Spec 30 §13: a group's own charge follows its plans; `part` is that of the member that leads. */
export function groupCharges(organization: Organization, part: Part): readonly Line[] {
  const { group } = part.member;
  if (group === null) return [];
  const advance = group.standingAdvance ?? organization.advance.standing;
  return duePeriods(part, advance).flatMap((due) =>
    chargeLine(organization, part.member, { due, amount: group.standing ?? ZERO, group }),
  );
}

type Charged = { readonly due: Due; readonly amount: Decimal; readonly group: Group | null };

function chargeLine(organization: Organization, member: Member, { due, amount, group }: Charged): Line[] {
  const { service } = due.period;
  if (service === null) return [];
  const draft: Draft = {
    ...memberDraft(member, group),
    type: 'STANDING_CHARGE',
    text: 'Standing Charge',
    exact: times(amount, proration(member.grid, service, organization.zone)),
    service,
    advance: due.advance,
  };
  const line = lineOf(organization, draft);
  return line.subtotal.isZero() ? [] : [line];
}

/** What every line of a member, or of its group, has. */
export function memberDraft(member: Member, group: Group | null) {
  return {
    on: member.on,
    member,
    owner: member.attachment.account,
    child: member.child,
    currency: group?.currency ?? member.template.currency,
    product: group === null ? member.template.product : null,
    contract: member.attachment.contract,
    origin: group === null ? 'plan' : 'group',
  };
}
