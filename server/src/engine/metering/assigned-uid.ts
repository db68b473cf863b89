// Spec 20 §7.1: the uid of a measurement that was submitted without one.

/** Hexadecimal digits of an id behind which only random ones follow. */
const KEPT_DIGITS = 28;

/**
 * A UUID for the measurement at that place of its batch. It depends on nothing else, so that a calculation
 * sees the uid that is stored, however often the batch is enriched: the last 32 bits of the batch's own id,
 * which are random, are changed by the place.
 */
export function assignedUid(batchId: string, position: number): string {
  const last = Number.parseInt(batchId.slice(KEPT_DIGITS), 16);
  // The id itself stays that of the batch.
  const changed = (last ^ (position + 1)) >>> 0;
  return batchId.slice(0, KEPT_DIGITS) + changed.toString(16).padStart(8, '0');
}
