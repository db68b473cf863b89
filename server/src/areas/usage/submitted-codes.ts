import type { SubmittedMeasurement } from '../../engine/metering/submitted-measurement.ts';

/** What measurements name, each code once. */
export type SubmittedCodes = { readonly meters: ReadonlySet<string>; readonly accounts: ReadonlySet<string> };

export function codesAmong(measurements: Iterable<SubmittedMeasurement>): SubmittedCodes {
  const [meters, accounts] = [new Set<string>(), new Set<string>()];
  for (const { meter, account } of measurements) {
    meters.add(meter);
    accounts.add(account);
  }
  return { meters, accounts };
}
