import { sql } from 'kysely';
import type { ScheduledCharge } from '../../engine/billing/charge-schedule.ts';
import { newId } from '../../kernel/ids.ts';
import type { Tx } from '../../store/database.ts';

const MAX_LENGTH = 80;

type Coding = {
  readonly orgId: string;
  readonly accountId: string;
  readonly schedule: { readonly id: string; readonly code: string };
  readonly due: readonly ScheduledCharge[];
};

/** The code of each charge that a schedule makes, none of them taken on the account (spec 50 §9 rule 5). */
export async function scheduledCodes(tx: Tx, { orgId, accountId, schedule, due }: Coding): Promise<string[]> {
  const { id, code } = schedule;
  const choices = due.map(({ index }) => {
    const plain = `${code}-${index + 1}`.slice(0, MAX_LENGTH);
    return [plain, ending(plain, `-${id.slice(0, 8)}`), ending(plain, `-${newId().slice(-12)}`)];
  });
  const { rows } = await sql<{ code: string }>`
    select code from charge where org_id = ${orgId} and account_id = ${accountId}
      and code = any(${choices.flat()}::text[])`.execute(tx);
  const taken = new Set(rows.map((row) => row.code));
  return choices.map((texts) => {
    const free = texts.find((text) => !taken.has(text)) ?? newId();
    taken.add(free);
    return free;
  });
}

/** The text with an ending, cut so that both fit. */
function ending(text: string, end: string): string {
  return text.slice(0, MAX_LENGTH - end.length) + end;
}
