import { byLength } from './calendar.ts';
import type { Member, Part } from './member.ts';

/** An attached plan group: the part of the member that its own charges follow, and all its members. */
export type AttachedGroup = { readonly part: Part; readonly members: readonly Member[] };

/** Spec 30 §4: the groups whose longest billing period closes or opens with these parts. */
export function groupsOf(members: readonly Member[], parts: readonly Part[]): readonly AttachedGroup[] {
  const ids = new Set(members.filter((one) => one.group !== null).map((one) => one.attachment.id));
  return [...ids].flatMap((id) => {
    const ofGroup = members.filter((one) => one.attachment.id === id);
    const lead = ofGroup.reduce((longest, one) => (byLength(one.grid, longest.grid) > 0 ? one : longest));
    return parts.filter((part) => part.member.id === lead.id).map((part) => ({ part, members: ofGroup }));
  });
}
