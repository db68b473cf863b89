import { type Decimal, ZERO } from '../../src/kernel/decimal.ts';
import { times } from './calendar.ts';
import { type Draft, type Line, lineOf } from './line.ts';
import type { Member, Part } from './member.ts';
import type { Group, Organization } from './organization.ts';
import { type Due, duePeriods, shareOf, standingOf, type TimeCharge } from './time-charges.ts';

/** Spec 30 §3.1, §13: the charge of the plan, on every so many periods. */
export function standingCharges(
  organization: Organization,
  part: Part,
  earlier: readonly Line[],
): readonly Line[] {
  const { plan, template } = part.member;
  const amount = plan.standing ?? template.standing ?? ZERO;
  const charge = standingOf(organization, part.member, null);
  return duePeriods(part, charge, { earlier, zone: organization.zone })
    .filter(({ period: { n } }) => {
      const since = n - template.standingOffset;
      return since >= 0 && since % template.standingInterval === 0;
    })
    .flatMap((due) => chargeLine(organization, part.member, { due, charge, amount, group: null }));
}

/** Spec 30 §13: a group's own charge follows its plans; `part` is that of the member that leads. */
export function groupCharges(
  organization: Organization,
  part: Part,
  earlier: readonly Line[],
): readonly Line[] {
  const { group } = part.member;
  if (group === null) return [];
  const charge = standingOf(organization, part.member, group);
  const amount = group.standing ?? ZERO;
  return duePeriods(part, charge, { earlier, zone: organization.zone }).flatMap((due) =>
    chargeLine(organization, part.member, { due, charge, amount, group }),
  );
}

type Charged = {
  readonly due: Due;
  readonly charge: TimeCharge;
  readonly amount: Decimal;
  readonly group: Group | null;
};

function chargeLine(
  organization: Organization,
  member: Member,
  { due, charge, amount, group }: Charged,
): Line[] {
  const { factor, service } = shareOf(member, due.pieces, organization.zone);
  const draft: Draft = {
    ...memberDraft(member, group),
    type: 'STANDING_CHARGE',
    text: 'Standing Charge',
    exact: times(amount, factor),
    service,
    advance: due.advance,
    timed: charge.key,
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
