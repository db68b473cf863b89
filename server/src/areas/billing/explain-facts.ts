import type { Context } from '../../context.ts';
import type { BillFacts } from '../../engine/billing/facts.ts';
import { type BillManifest, billFacts } from './bill-manifest.ts';
import { type LineRow, linesOfBills } from './bill-rows.ts';
import { aggregationsOf } from './catalog-facts.ts';
import { type Explaining, usageOf } from './explain-line.ts';
import { namesOf } from './explain-names.ts';
import { existingBill } from './get-bill.ts';

export type Explained = Explaining & { readonly manifest: BillManifest | null };

/** Everything that explains a bill; throws NOT_FOUND. */
export async function explainedBill(ctx: Context, orgId: string, billId: string): Promise<Explained> {
  const { db } = ctx;
  const bill = await existingBill(db, orgId, billId);
  const lines = (await linesOfBills(db, orgId, [billId])).get(billId) ?? [];
  const kept = await billFacts(db, orgId, billId);
  const facts = kept?.facts ?? null;
  return {
    bill,
    lines,
    facts,
    manifest: kept?.manifest ?? null,
    names: await namesOf(db, orgId, lines),
    aggregations: await aggregationsOfLines({ ctx, orgId, facts }, lines),
  };
}

type Source = { readonly ctx: Context; readonly orgId: string; readonly facts: BillFacts | null };

/** As the calculation knew them, where that was kept. */
async function aggregationsOfLines({ ctx, orgId, facts }: Source, lines: readonly LineRow[]) {
  const ids = [...new Set(lines.flatMap((line) => usageOf(line).map((usage) => usage.aggregationId)))];
  const today = facts === null ? await aggregationsOf({ db: ctx.db, orgId }, { ids, codes: [] }) : [];
  return new Map([...today, ...(facts?.aggregations ?? [])].map((row) => [row.id, row]));
}
