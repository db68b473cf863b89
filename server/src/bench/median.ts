/** Not counted: they compile the code that a server runs all day. */
export const WARMING_RUNS = 20;
export const RUNS = 25;

/** The figure that half of the runs stayed under. */
export function median(figures: readonly number[]): number {
  return figures.toSorted((a, b) => a - b)[Math.floor(figures.length / 2)] ?? 0;
}
