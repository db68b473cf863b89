// Spec 40 §3.5, §5.3: service periods without time charged elsewhere, and joined.
import { earlier, type Instant, isBefore, later } from '../../kernel/time.ts';
import { type ClosedSpan, clippedSpan } from '../calendar/local-dates.ts';

function overlaps(a: ClosedSpan, b: ClosedSpan): boolean {
  return clippedSpan(a, [b]) !== null;
}

/** Whether the instant lies in the span. */
export function isWithin(instant: Instant, span: ClosedSpan): boolean {
  return !isBefore(instant, span.start) && isBefore(instant, span.end);
}

/** The parts of `span` outside all of `taken`, in order of time. */
export function spanWithout(span: ClosedSpan, taken: readonly ClosedSpan[]): readonly ClosedSpan[] {
  let left: readonly ClosedSpan[] = [span];
  for (const hole of taken) left = left.flatMap((piece) => pieceWithout(piece, hole));
  return left;
}

function pieceWithout(piece: ClosedSpan, hole: ClosedSpan): readonly ClosedSpan[] {
  if (!overlaps(piece, hole)) return [piece];
  const around = [
    { start: piece.start, end: hole.start },
    { start: hole.end, end: piece.end },
  ];
  return around.filter((part) => isBefore(part.start, part.end));
}

/** From the first start to the last end of at least one span. */
export function hullOf(spans: readonly ClosedSpan[]): ClosedSpan {
  return spans.reduce((hull, span) => ({
    start: earlier(hull.start, span.start),
    end: later(hull.end, span.end),
  }));
}
