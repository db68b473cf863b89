/** Whether golden files are to be written anew instead of being compared: UPDATE_GOLDEN=1. */
export function updatesGolden(): boolean {
  return process.env['UPDATE_GOLDEN'] === '1';
}

/** How many random organizations a test builds; METERBOOK_RANDOM_SEEDS asks for more. */
export function randomSeeds(usual: number): readonly number[] {
  const count = Number.parseInt(process.env['METERBOOK_RANDOM_SEEDS'] ?? String(usual), 10);
  const first = Number.parseInt(process.env['METERBOOK_RANDOM_FIRST'] ?? '1', 10);
  return Array.from({ length: count }, (_, i) => first + i);
}
