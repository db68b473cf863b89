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
