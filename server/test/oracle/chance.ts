/** Repeatable choices of one seed. */
export type Chance = {
  /** A whole number from `from` up to and with `to`. */
  int(from: number, to: number): number;
  pick<T>(from: readonly T[]): T;
  /** True about once in `times`. */
  oneIn(times: number): boolean;
};

export function chanceOf(seed: number): Chance {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const int = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  return {
    int,
    pick: (from) => {
      const one = from[int(0, from.length - 1)];
      if (one === undefined) throw new Error('nothing to pick from');
      return one;
    },
    oneIn: (times) => int(1, times) === 1,
  };
}
