// Spec 30 §13, 40 §3.5: a standing charge that is charged every m-th billing period only.

/** Every `interval`-th period (1 = each), starting with period number `offset` (0 = the first). */
export type ChargeTurn = { readonly interval: number; readonly offset: number };

/**
 * Whether the period with this number (0 = the attachment's first, however long) is charged. The number
 * counts periods and not bills, so advance and arrears charge the same ones. Interval 3, offset 1: periods
 * 1, 4, 7 …
 */
export function isChargedInPeriod(index: number, turn: ChargeTurn): boolean {
  return index >= turn.offset && (index - turn.offset) % turn.interval === 0;
}
