// Spec 50 §6.6: rows that become one line, in the order in which they came.

/** The rows by key; groups and rows in them in the order in which they came. */
export function groupsOf<T>(
  rows: readonly T[],
  keyOf: (row: T) => string,
): readonly (readonly [T, ...T[]])[] {
  const groups = new Map<string, [T, ...T[]]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return [...groups.values()];
}
