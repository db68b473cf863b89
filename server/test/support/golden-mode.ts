/** Whether golden files are to be written anew instead of being compared: UPDATE_GOLDEN=1. */
export function updatesGolden(): boolean {
  return process.env['UPDATE_GOLDEN'] === '1';
}

/**
 * The seeds of the random organizations that a test builds; METERBOOK_RANDOM_SEEDS asks for another number of
 * them and METERBOOK_RANDOM_FIRST for others.
 */
export function randomSeeds(usual: number, usualFirst = 1): readonly number[] {
  const count = Number.parseInt(process.env['METERBOOK_RANDOM_SEEDS'] ?? String(usual), 10);
  const first = Number.parseInt(process.env['METERBOOK_RANDOM_FIRST'] ?? String(usualFirst), 10);
  return Array.from({ length: count }, (_, i) => first + i);
}
