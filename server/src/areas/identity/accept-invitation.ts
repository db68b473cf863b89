import type { FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import type { PublicRoute } from '../../api/app.ts';
import { type Html, html, type Page, sendPage } from '../../api/html.ts';
import type { Context } from '../../context.ts';
import { lockEntity } from '../../store/entity-store.ts';
import { inTransaction } from '../../store/transaction.ts';
import { limitedAttempt } from './failure-limit.ts';
import { amendInvitation, type Invitation, invitation } from './invitation.ts';
import { INVITATION_PATH, tokenHashOf } from './invite-user.ts';
import { insertPerson, insertUser } from './new-user.ts';
import { type Person, passwordHash, passwordProblem, personByEmail, verifyPassword } from './people.ts';

const path = `${INVITATION_PATH}/:token`;

/** The page behind the link of an invitation: a form while it is open, else why not (spec 10 §15). */
export const showInvitation: PublicRoute = {
  method: 'GET',
  path,
  serve: async (ctx, request, reply) => {
    const invited = await invitedOf(ctx, request);
    return invited ? sendPage(reply, formPage(invited, null)) : sendPage(reply.status(404), closedPage());
  },
};

/**
 * Accepts an invitation: a new person chooses a password, a known one confirms with theirs. The token in the
 * address is single-use and known to the invited only, so no other site can send this form.
 */
export const acceptInvitation: PublicRoute = {
  method: 'POST',
  path,
  serve: async (ctx, request, reply) => {
    const invited = await invitedOf(ctx, request);
    if (!invited) return sendPage(reply.status(404), closedPage());
    const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
    const problem = await problemOf(ctx, { request, invited, form });
    if (problem !== null) return sendPage(reply.status(400), formPage(invited, problem));
    const password = form.get('password') ?? '';
    const isAccepted = await accepted(ctx, { request, invited, password });
    if (!isAccepted) return sendPage(reply.status(404), closedPage());
    return sendPage(reply, welcomePage(ctx, invited));
  },
};

/** An open invitation as the page shows it; `person` is who has the address already. */
type Invited = {
  readonly invitation: Invitation;
  readonly orgId: string;
  readonly organization: string;
  readonly person: Person | null;
};

async function invitedOf(ctx: Context, request: FastifyRequest): Promise<Invited | null> {
  const { token } = request.params as { readonly token: string };
  const { rows } = await sql<Invitation & { organization: string }>`
    select invitation.*, organization.name as organization
    from invitation join organization on organization.id = invitation.org_id
    where token_hash = ${tokenHashOf(token)} and not accepted and not cancelled
      and dt_expiry > ${String(ctx.clock.now())}`.execute(ctx.db);
  const [found] = rows;
  if (!found) return null;
  const person = await personByEmail(ctx.db, found.email);
  return { invitation: found, orgId: found.orgId, organization: found.organization, person };
}

type Sent = { readonly request: FastifyRequest; readonly invited: Invited };

/** Why the form cannot be taken, as a sentence; null when it can. */
async function problemOf(
  ctx: Context,
  { request, invited, form }: Sent & { readonly form: URLSearchParams },
): Promise<string | null> {
  const password = form.get('password') ?? '';
  if (!invited.person) {
    if (password !== form.get('repeated')) return 'The two passwords differ.';
    return passwordProblem(password);
  }
  const { email } = invited.person;
  const attempt = { ip: request.ip, name: `user ${email}` };
  const right = await limitedAttempt(ctx, attempt, async () => {
    const { result } = await verifyPassword(ctx, { email, password });
    return result === 'ok' || result === 'temporary' ? result : null;
  });
  return right ? null : 'This is not your password, or there were too many failures.';
}

/**
 * Makes the invited a user in one transaction with the end of the invitation. False when somebody else has
 * used the token, or a sign-in for the address has come to be, in the meantime.
 */
async function accepted(
  ctx: Context,
  { request, invited, password }: Sent & { readonly password: string },
): Promise<boolean> {
  const { orgId, person } = invited;
  const { id } = invited.invitation;
  const hash = person ? null : await passwordHash(password);
  const now = ctx.clock.now();
  return inTransaction(ctx.db, async (tx) => {
    const found = await lockEntity(tx, invitation.tableAt(now), { orgId, id });
    const before = found as unknown as Invitation | null;
    if (before?.status !== 'OPEN') return false;
    const own = hash === null ? null : { ...before, password: { hash, expires: null } };
    const userId = own ? await insertPerson(tx, now, own) : (person?.id ?? null);
    if (userId === null) return false;
    const writer = { orgId, principalId: userId, now, ip: request.ip };
    const author = { writer, requestId: request.id };
    await insertUser(tx, author, { ...before, id: userId });
    await amendInvitation(tx, author, { before, changes: { accepted: true } });
    return true;
  });
}

function formPage({ organization, invitation: { email }, person }: Invited, problem: string | null): Page {
  const alert = problem === null ? null : html`<p role="alert" id="problem">${problem}</p>`;
  const body = html`
<h1>Join ${organization}</h1>
${alert ?? html``}
<p>You are invited as <strong>${email}</strong>.</p>
<form method="post">
<input type="hidden" name="username" value="${email}" autocomplete="username">
${person ? confirmFields() : passwordFields()}
<button type="submit">Accept the invitation</button>
</form>`;
  return { title: `Join ${organization}`, body, isNarrow: true };
}

function passwordFields(): Html {
  return html`
<p id="rule">Choose a password of at least 12 characters.</p>
<label><span>Password</span>
<input type="password" name="password" autocomplete="new-password" required minlength="12"
 aria-describedby="rule"></label>
<label><span>The same password again</span>
<input type="password" name="repeated" autocomplete="new-password" required minlength="12"></label>`;
}

function confirmFields(): Html {
  return html`
<p>You have a sign-in already. Confirm with your password.</p>
<label><span>Password</span>
<input type="password" name="password" autocomplete="current-password" required></label>`;
}

function welcomePage({ config }: Context, { organization }: Invited): Page {
  const body = html`
<h1>Welcome to ${organization}</h1>
<p>You can now <a href="${config.publicUrl}">sign in</a>.</p>`;
  return { title: `Welcome to ${organization}`, body, isNarrow: true };
}

function closedPage(): Page {
  const body = html`
<h1>This invitation is not open</h1>
<p>It was accepted or cancelled before, it has expired, or the address is not complete. Ask whoever invited
you for a new one.</p>`;
  return { title: 'This invitation is not open', body, isNarrow: true };
}
