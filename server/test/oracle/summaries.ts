import { type Decimal, sumOf } from '../../src/kernel/decimal.ts';
import { covering, type Piece } from './calendar.ts';
import type { Line } from './line.ts';

/**
 * Spec 40 §6.3: on the parent's bill the lines of children with PARENT_SUMMARY are one for each pricing,
 * segment and type.
 */
export function withSummaries(lines: readonly Line[]): readonly Line[] {
  const groups = new Map<string, Line[]>();
  const kept = lines.filter((line) => !isSummarized(line));
  for (const line of lines.filter(isSummarized)) {
    const { on, type, origin, price, segment, text, member } = line;
    const key = JSON.stringify([on, type, origin, price?.id, segment, text, member?.plan.id]);
    groups.set(key, [...(groups.get(key) ?? []), line]);
  }
  return [...kept, ...[...groups.values()].map(merged)];
}

function isSummarized({ member, on }: Line): boolean {
  return member?.attachment.mode === 'PARENT_SUMMARY' && on.account !== member.attachment.account;
}

function merged(lines: readonly Line[]): Line {
  const [first] = lines;
  if (first === undefined) throw new Error('nothing to merge');
  const sum = (of: (line: Line) => Decimal) => sumOf(lines.map(of));
  const isCounted = /USAGE|COUNTER/.test(first.type);
  const measures = lines.map((line) => line.measure);
  return {
    ...first,
    quantity: isCounted ? sum((line) => line.quantity) : first.quantity,
    units: isCounted ? sum((line) => line.units) : first.units,
    subtotal: sum((line) => line.subtotal),
    converted: sum((line) => line.converted),
    service: covering(lines.map((line) => line.service)),
    measure: measures.includes(null) ? null : (during: Piece) => sumOf(measures.map((one) => one!(during))),
  };
}
