/**
 * How often a crash test kills the server; METERBOOK_FAULT_ROUNDS asks for more than a usual run has time
 * for.
 */
export function faultRounds(): number {
  return Number.parseInt(process.env['METERBOOK_FAULT_ROUNDS'] ?? '3', 10);
}
