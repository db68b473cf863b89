import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { fieldsRefused } from '../../api/body.ts';
import { answerOf, changeOf, writerOf } from '../../api/entity-writes.ts';
import { ignored, optional, text } from '../../api/fields.ts';
import { type AnyCall, type Call, defineOperation } from '../../api/operation.ts';
import { placed } from '../../api/placed-dates.ts';
import { idOf } from '../../api/resource.ts';
import { versionMustEqual, versionOf } from '../../api/version.ts';
import { ApiError, refusal } from '../../kernel/errors.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Mail } from '../../ports/mail.ts';
import { refusalFromWrite } from '../../store/constraint.ts';
import type { Row, Tx } from '../../store/database.ts';
import { insertEntity, lockEntity } from '../../store/entity-store.ts';
import { recordChange } from '../../store/outbox.ts';
import { inTransaction } from '../../store/transaction.ts';
import { amendInvitation, dropInvitation, type Invitation, invitation } from './invitation.ts';
import { personByEmail } from './people.ts';
import { enqueueMail } from './send-mail.ts';

/** Where an invitation is accepted; the token follows. */
export const INVITATION_PATH = '/invitations';
/** Spec 10 §15. */
const LIFETIME_HOURS = 30 * 24;

type Sent = {
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
  readonly permissionPolicyIds: readonly string[];
  readonly dtEndAccess: Instant | null;
  readonly dtExpiry: Instant | null;
};

/** Sends the link by mail; without a mail server it is answered to the inviter, this once (spec 10 §15). */
export const inviteUser = defineOperation({
  id: 'CreateOrgUserInvitation',
  method: 'POST',
  path: `/${invitation.path}`,
  summary: 'invite a user',
  tag: invitation.name,
  permission: { action: 'config:create', resource: invitation.permission },
  body: invitation.body.extend({ m3terUser: ignored({ type: 'boolean' }) }),
  response: invitation.response.extend({ invitationLink: optional(text({ max: 2048 })) }),
  handle: async (call) => {
    const values = (await placed(invitation, call, call.body() as Row)) as Sent;
    const token = randomBytes(32).toString('base64url');
    const link = `${call.ctx.config.publicUrl}${INVITATION_PATH}/${token}`;
    const { mail } = call.ctx;
    const made = await inTransaction(call.ctx.db, async (tx) => {
      const stored = await inserted(tx, call, { values, tokenHash: tokenHashOf(token) });
      if (mail) await enqueueMail(tx, call.ctx, await invitationMail(tx, call, { to: stored, link }));
      return stored;
    }).catch((error) => Promise.reject(refusalFromWrite(error, invitation.table)));
    return { ...answerOf(invitation, made), ...(!mail && { invitationLink: link }) };
  },
});

/** An invitation that has been accepted cannot be taken back; one that is cancelled stays so. */
export const cancelInvitation = defineOperation({
  id: 'CancelOrgUserInvitation',
  method: 'PUT',
  path: `/${invitation.path}/{id}/cancel`,
  summary: 'cancel an invitation',
  tag: invitation.name,
  permission: { action: 'config:update', resource: invitation.permission },
  response: invitation.response,
  handle: (call) => inTransaction(call.ctx.db, (tx) => cancelled(tx, call)),
});

/** What is stored of a token: who reads the database cannot accept with it. */
export function tokenHashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

type InvitationCall = Call<Record<string, string>, unknown, unknown>;

async function cancelled(tx: Tx, call: InvitationCall): Promise<Row> {
  const table = invitation.tableAt(call.ctx.clock.now());
  const found = await lockEntity(tx, table, { orgId: call.orgId, id: idOf(call.params) });
  if (!found) throw new ApiError('NOT_FOUND', 'there is no OrgUserInvitation with this id');
  const before = found as unknown as Invitation;
  const version = versionOf(call);
  if (version !== undefined && version !== null) versionMustEqual(version, before.version);
  if (before.accepted) throw new ApiError('ILLEGAL_STATE', 'the invitation has been accepted');
  if (before.cancelled) return answerOf(invitation, before);
  const author = { writer: writerOf(call), requestId: call.request.id };
  return answerOf(invitation, await amendInvitation(tx, author, { before, changes: { cancelled: true } }));
}

type NewInvitation = { readonly values: Sent; readonly tokenHash: string };

/** Stores an invitation in the place of an open one to the same address. */
async function inserted(tx: Tx, call: AnyCall, { values, tokenHash }: NewInvitation): Promise<Invitation> {
  const writer = writerOf(call);
  const author = { writer, requestId: call.request.id };
  await inviteeMustFit(tx, call.orgId, values);
  await policiesMustExist(tx, call.orgId, values.permissionPolicyIds);
  for (const before of await waitingInvitations(tx, call.orgId, values.email)) {
    await dropInvitation(tx, author, before);
  }
  const stored = {
    ...values,
    dtExpiry: values.dtExpiry ?? writer.now.add({ hours: LIFETIME_HOURS }),
    invitingPrincipalId: call.principal.id,
    accepted: false,
    cancelled: false,
    tokenHash,
  };
  const made = await insertEntity(tx, invitation.tableAt(writer.now), { writer, values: stored });
  const after = made as unknown as Invitation;
  await recordChange(tx, writer, changeOf(invitation, call, { before: null, after }));
  return after;
}

async function inviteeMustFit(tx: Tx, orgId: string, { email, firstName, lastName }: Sent): Promise<void> {
  const person = await personByEmail(tx, email);
  if (person === null) {
    const missing = Object.entries({ firstName, lastName }).filter(([, value]) => value === null);
    const errors = missing.map(([field]) => ({ field, message: 'is required' }));
    if (errors.length > 0) throw fieldsRefused(errors);
    return;
  }
  const { rows } = await sql`
    select 1 from org_user where org_id = ${orgId} and id = ${person.id}`.execute(tx);
  if (rows.length > 0) throw refusal('DUPLICATE', 'email', 'belongs to a user of this organization');
}

async function policiesMustExist(tx: Tx, orgId: string, ids: readonly string[]): Promise<void> {
  const { rows } = await sql<{ id: string }>`select id from permission_policy
    where org_id = ${orgId} and id = any(${ids}::uuid[]) for key share`.execute(tx);
  const known = new Set(rows.map(({ id }) => id));
  const unknown = ids.findIndex((id) => !known.has(id));
  if (unknown >= 0) {
    throw refusal(
      'REFERENCE_NOT_FOUND',
      `permissionPolicyIds[${unknown}]`,
      'names something that does not exist',
    );
  }
}

async function waitingInvitations(tx: Tx, orgId: string, email: string): Promise<Invitation[]> {
  const { rows } = await sql<Invitation>`select * from invitation
    where org_id = ${orgId} and lower(email) = ${email.toLowerCase()} and not accepted and not cancelled
    for update`.execute(tx);
  return rows;
}

async function invitationMail(
  tx: Tx,
  { orgId }: AnyCall,
  { to, link }: { to: Invitation; link: string },
): Promise<Mail> {
  const { rows } = await sql<{ name: string }>`select name from organization where id = ${orgId}`.execute(tx);
  const organization = rows[0]?.name ?? 'Meterbook';
  return {
    to: to.email,
    subject: `You are invited to ${organization}`,
    text: [
      `You are invited to work with ${organization} in Meterbook. To accept, open this address:`,
      link,
      `It works once, until ${String(to.dtExpiry).slice(0, 10)}.`,
    ].join('\n\n'),
  };
}
