import { isDecimal } from '../kernel/decimal.ts';
import { ApiError, refusal } from '../kernel/errors.ts';
import type { JsonValue } from '../kernel/json.ts';

/** The `version` of an update body, as sent; undefined when it was left out. */
export function versionOf(call: { readonly json: () => JsonValue }): unknown {
  const json = call.json();
  return typeof json === 'object' && json !== null && !Array.isArray(json)
    ? (json as Record<string, unknown>)['version']
    : undefined;
}

/** Spec 10 §4: an update names the stored version, or nothing is written. */
export function versionMustEqual(given: unknown, stored: number): void {
  if (given === undefined || given === null) throw refusal('VERSION_REQUIRED', 'version', 'is required');
  if (!isDecimal(given)) throw refusal('VALIDATION_FAILED', 'version', 'must be a number');
  if (!given.eq(stored)) {
    throw new ApiError(
      'VERSION_MISMATCH',
      `version ${given.toFixed()} was sent, the current version is ${stored}`,
      [{ field: 'version', message: `must equal ${stored}` }],
    );
  }
}
