import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { StartError } from '../../kernel/start-error.ts';
import { inTransaction } from '../../store/transaction.ts';
import { insertPerson } from './new-user.ts';
import { temporaryPassword } from './people.ts';

/**
 * Makes somebody a support user of the installation, or ends that (spec 10 §18). Answers the temporary
 * password of a person who was not known before, else null. Throws `StartError` for one who is to be ended
 * and not known.
 */
export async function flagSupportUser(
  ctx: Context,
  { email, isOn }: { readonly email: string; readonly isOn: boolean },
): Promise<string | null> {
  const made = await temporaryPassword(ctx.clock.now());
  const name = { firstName: 'Support', lastName: null, contactNumber: null };
  return inTransaction(ctx.db, async (tx) => {
    const id = isOn ? await insertPerson(tx, ctx.clock.now(), { ...name, email, password: made }) : null;
    const { rows } = await sql`update person set support_user = ${isOn}
      where email = ${email.toLowerCase()} returning id`.execute(tx);
    if (rows.length === 0) throw new StartError(`there is nobody with the address ${email}`);
    return id === null ? null : made.password;
  });
}
