import { Temporal } from '../../src/kernel/time.ts';

/** One thing of an organization as text: `price p1 plan=pro metric=calls bands=0:0:1`. */
export type Row = {
  readonly kind: string;
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
};

/** A bill job and everything that had been written down before it. */
export type Step = {
  readonly date: Temporal.PlainDate;
  readonly frequency: string | null;
  readonly rows: readonly Row[];
};

/**
 * Text with one thing a line, `#` starting a comment.
 */
export function rowsOf(text: string): readonly Row[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map(rowOf);
}

function rowOf(line: string): Row {
  const [kind = '', ...words] = line.split(/\s+/);
  const id = words[0] !== undefined && !words[0].includes('=') ? words[0] : '';
  const pairs = words.filter((word) => word.includes('='));
  const fields = pairs.map((word) => {
    const at = word.indexOf('=');
    return [word.slice(0, at), word.slice(at + 1)] as const;
  });
  return { kind, id, fields: Object.fromEntries(fields) };
}

/** The bill jobs of a story in order. `change plan:pro standing=5` alters an earlier thing for later jobs. */
export function storyOf(text: string): readonly Step[] {
  const steps: Step[] = [];
  let rows: readonly Row[] = [];
  for (const row of rowsOf(text)) {
    if (row.kind === 'bill') steps.push(stepOf(row, rows));
    else if (row.kind === 'change') rows = changed(rows, row);
    else rows = [...rows, row];
  }
  return steps;
}

function stepOf(row: Row, rows: readonly Row[]): Step {
  const frequency = row.fields['frequency'] ?? null;
  return { date: Temporal.PlainDate.from(row.id), frequency, rows };
}

function changed(rows: readonly Row[], change: Row): readonly Row[] {
  const [kind, id] = change.id.split(':');
  if (!rows.some((row) => row.kind === kind && row.id === id)) throw new Error(`no ${change.id} to change`);
  return rows.map((row) =>
    row.kind === kind && row.id === id ? { ...row, fields: { ...row.fields, ...change.fields } } : row,
  );
}
