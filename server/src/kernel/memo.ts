/**
 * Remembers results by key, `limit` of them at the most: for pure functions whose results are never changed
 * and that are asked the same again and again, such as dates that all accounts of a bill job share.
 */
export function remembering<K, V>(limit: number): (key: K, compute: () => V) => V {
  const known = new Map<K, V>();
  return (key, compute) => {
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = compute();
    if (known.size >= limit) known.clear();
    known.set(key, value);
    return value;
  };
}

type Remembered<V> = { readonly given: readonly unknown[]; readonly value: V };

/**
 * Remembers the last result for each object for as long as the object lives: for pure functions that are
 * asked the same about one object several times in a row. `given` is all that the result depends on besides
 * the object; anything else than the very same values is calculated anew.
 */
export function rememberingLast<K extends object, V>(): (
  about: K,
  given: readonly unknown[],
  compute: () => V,
) => V {
  const known = new WeakMap<K, Remembered<V>>();
  return (about, given, compute) => {
    const found = known.get(about);
    if (found !== undefined && isSameList(found.given, given)) return found.value;
    const value = compute();
    known.set(about, { given, value });
    return value;
  };
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}
