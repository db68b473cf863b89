import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { uuidFromText } from '../../kernel/ids.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Row, Tx } from '../../store/database.ts';
import { enqueueMail } from '../identity/index.ts';

/** Of a longer list nobody else is told. */
const MAX_MAILS = 100;

type Telling = {
  readonly config: { readonly id: string; readonly orgId: string; readonly configData: Row };
  readonly text: string;
  readonly now: Instant;
};

/**
 * Mails those users that the configuration names in `notifyUserIds` and that have access now (spec 60 §6.4,
 * §6.7). Without a mail server nobody is told: there is the alert.
 */
export async function mailNotified(tx: Tx, ctx: Context, { config, text, now }: Telling): Promise<void> {
  if (!ctx.mail) return;
  const named = config.configData['notifyUserIds'];
  const ids = (Array.isArray(named) ? named : []).map((id) => uuidFromText(String(id)));
  const { rows } = await sql<{ email: string }>`
    select p.email from org_user u join person p on p.id = u.id
    where u.org_id = ${config.orgId} and u.id = any(${ids.filter((id) => id !== null)}::uuid[])
      and (u.dt_end_access is null or u.dt_end_access > ${now})
    order by p.email limit ${MAX_MAILS}`.execute(tx);
  for (const { email: to } of rows) {
    const where = `${ctx.config.publicUrl} (integration configuration ${config.id})`;
    const mail = { to, subject: 'An integration was switched off', text: `${text}\n\n${where}\n` };
    await enqueueMail(tx, ctx, mail);
  }
}
