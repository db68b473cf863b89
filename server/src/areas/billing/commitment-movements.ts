import { type RawBuilder, sql } from 'kysely';
import type { BillLine } from '../../engine/billing/bill.ts';
import type { DraftDraw } from '../../engine/billing/credit-draw.ts';
import type { Decimal } from '../../kernel/decimal.ts';
import { newId } from '../../kernel/ids.ts';
import type { Row, Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { insertRows } from '../../store/insert-rows.ts';
import { rowSet } from '../../store/row-set.ts';
import { prepared } from '../../store/value-client.ts';
import { lockCommitments, recordDrawn } from '../accounts/index.ts';

/** What bills bill of commitments and draw on them, whole. */
export type BillMovements = {
  readonly billIds: readonly string[];
  readonly draws: readonly (DraftDraw & { readonly billId: string })[];
  readonly fees: readonly BillFee[];
  readonly requestId: string | null;
};

/** A fee line of a bill. */
export type BillFee = {
  readonly billId: string;
  readonly commitmentId: string;
  readonly amount: Decimal;
};

/** The fees among the lines of a bill. */
export function feesAmong(billId: string, lines: readonly BillLine[]): readonly BillFee[] {
  return lines.flatMap(({ lineItemType, commitmentId, subtotal }) =>
    lineItemType === 'COMMITMENT_FEE' && commitmentId !== null
      ? [{ billId, commitmentId, amount: subtotal }]
      : [],
  );
}

/**
 * Gives the bills these fees and draws and no others, by adding what makes the difference: one that comes
 * out the same moves nothing (spec 50 §6.10).
 */
export async function moveCommitments(tx: Tx, writer: Writer, wanted: BillMovements): Promise<void> {
  const differences = await differencesOf(tx, writer, wanted);
  if (differences.length === 0) return;
  const drawn = differences.filter((row) => row.kind === 'DRAW').map((row) => row.commitmentId);
  const before = await lockCommitments(tx, writer, [...new Set(drawn)]);
  const { orgId, principalId, now } = writer;
  const envelope = { orgId, dtCreated: now, createdBy: principalId };
  await insertRows(
    tx,
    'commitment_movement',
    differences.map((row) => ({ ...row, ...envelope, id: newId() })),
  );
  await recordDrawn(tx, writer, { before, requestId: wanted.requestId });
}

type Kind = 'FEE' | 'DRAW';
type Difference = Row & { readonly commitmentId: string; readonly kind: Kind };

async function differencesOf(tx: Tx, { orgId }: Writer, wanted: BillMovements): Promise<Difference[]> {
  const { rows } = await sql<Difference>`${prepared}
    select commitment_id, bill_id, kind, sum(amount) as amount
    from (
      select commitment_id, bill_id, kind, amount from ${await wantedRows(tx, wanted)} w
      union all
      select commitment_id, bill_id, kind, -amount from commitment_movement
      where org_id = ${orgId} and bill_id = any(${wanted.billIds}::uuid[])
    ) movement
    group by commitment_id, bill_id, kind having sum(amount) <> 0
    order by commitment_id, bill_id, kind`.execute(tx);
  return rows;
}

function wantedRows(tx: Tx, { draws, fees }: BillMovements): Promise<RawBuilder<unknown>> {
  const drawn = draws.map(({ billId, creditId, amount }) => ({
    ...{ billId, commitmentId: creditId, kind: 'DRAW', amount },
  }));
  const billed = fees.map((fee) => ({ ...fee, kind: 'FEE' }));
  return rowSet(tx, 'commitment_movement', [...drawn, ...billed]);
}
