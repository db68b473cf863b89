import { sql } from 'kysely';
import { z } from 'zod';
import { optional, text } from '../../api/fields.ts';
import { rowsMustBeAllowed } from '../../api/item-permission.ts';
import { type AnyCall, defineOperation } from '../../api/operation.ts';
import { isAllowed } from '../../api/permission.ts';
import { idOf } from '../../api/resource.ts';
import type { Context } from '../../context.ts';
import { ApiError } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Tx } from '../../store/database.ts';
import { inTransaction } from '../../store/transaction.ts';
import { orgUser } from './org-user.ts';
import { setPassword, temporaryPassword } from './people.ts';
import { enqueueMail } from './send-mail.ts';

const UPDATE = { action: 'config:update', resource: orgUser.permission };

/**
 * A new temporary password for somebody who has none of their own yet, by mail; without a mail server it is
 * answered this once (spec 10 §13, §14). Throws NOT_ALLOWED (401) without the permission.
 */
export const resendPassword = defineOperation({
  id: 'AdminResendTempPass',
  method: 'PUT',
  path: `/${orgUser.path}/{id}/password/resend`,
  summary: 'send a user a new temporary password',
  tag: orgUser.name,
  permission: null,
  response: z.object({ temporaryPassword: optional(text()) }),
  answers: 'whole',
  handle: async (call) => {
    await callerMustBeAllowed(call);
    const made = await temporaryPassword(call.ctx.clock.now());
    await inTransaction(call.ctx.db, async (tx) => {
      const person = await personWithoutPassword(tx, call.orgId, idOf(call.params));
      if (!call.ctx.mail && person.isElsewhere) throw needsMail();
      await setPassword(tx, person.id, made);
      if (call.ctx.mail) await enqueueMail(tx, call.ctx, passwordMail(call.ctx, person.email, made));
    });
    return call.ctx.mail ? {} : { temporaryPassword: made.password };
  },
});

async function callerMustBeAllowed(call: AnyCall & { readonly params: Record<string, string> }) {
  const refused = new ApiError('NOT_ALLOWED', `this needs the permission ${UPDATE.action} on this user`);
  if (!isAllowed(call.principal.statements, UPDATE)) throw refused;
  const rows = { table: orgUser.table, ids: [idOf(call.params)] };
  await rowsMustBeAllowed(call, UPDATE, rows).catch(() => Promise.reject(refused));
}

type Waiting = { readonly id: string; readonly email: string; readonly isElsewhere: boolean };

/** The person of the path, kept until the end. */
async function personWithoutPassword(tx: Tx, orgId: string, id: string): Promise<Waiting> {
  const { rows } = await sql<Waiting & { isSettled: boolean }>`
    select p.id, p.email, p.password_hash is not null and p.password_expires is null as is_settled,
      p.support_user or exists (
        select 1 from org_user other where other.id = p.id and other.org_id <> u.org_id) as is_elsewhere
    from org_user u join person p on p.id = u.id
    where u.org_id = ${orgId} and u.id = ${id} for update of p`.execute(tx);
  const [person] = rows;
  if (!person) throw new ApiError('NOT_FOUND', 'there is no OrgUser with this id');
  if (person.isSettled) throw new ApiError('ILLEGAL_STATE', 'the user has a password of their own');
  return person;
}

/** Who sees the password could enter the other organizations. */
function needsMail(): ApiError {
  return new ApiError('ILLEGAL_STATE', 'the user is in other organizations too: this needs a mail server');
}

function passwordMail(ctx: Context, to: string, made: { password: string; expires: Instant }) {
  const day = made.expires.toString().slice(0, 10);
  return {
    to,
    subject: 'Your temporary password for Meterbook',
    text: [
      `A temporary password was made for you: ${made.password}`,
      `Sign in at ${ctx.config.publicUrl} with it before ${day}. You will then choose your own.`,
    ].join('\n\n'),
  };
}
