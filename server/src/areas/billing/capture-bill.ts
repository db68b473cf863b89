import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { BillIdentity } from '../../engine/billing/bill.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import { StartError } from '../../kernel/start-error.ts';
import { billCaseText, writeBillCase } from './bill-case.ts';
import { billFacts } from './bill-manifest.ts';
import { repeatedBill } from './verify-calculation.ts';

/**
 * Writes a stored bill as a golden case into the folder: `given.json`, the facts that it was calculated from,
 * and `bill.txt`, the bill that comes of them. Throws StartError when there is no such bill or no facts.
 */
export async function captureBill({ db }: Context, id: string, folder: string): Promise<void> {
  const billId = uuidFromText(id);
  const { rows } = await sql<BillIdentity & { orgId: string }>`
    select org_id, account_id, grid_date, group_key, frequency_key from bill where id = ${billId}`.execute(
    db,
  );
  const [bill] = rows;
  if (billId === null || bill === undefined) throw new StartError(`there is no bill ${id}`);
  const kept = await billFacts(db, bill.orgId, billId);
  if (kept === null)
    throw new StartError('the bill was calculated before its facts were kept; recalculate it');
  const { draft, reason } = repeatedBill(kept, bill);
  if (draft === null) throw new StartError(`the bill cannot be calculated from its facts: ${reason}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'given.json'), writeBillCase({ ...kept, identity: bill }));
  await writeFile(join(folder, 'bill.txt'), billCaseText(draft));
}
