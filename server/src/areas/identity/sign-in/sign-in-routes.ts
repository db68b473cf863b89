import type { FastifyReply, FastifyRequest } from 'fastify';
import { OIDCProviderError } from 'oidc-provider/lib/helpers/errors.js';
import type { PublicRoute } from '../../../api/app.ts';
import { type Page, sendPage } from '../../../api/html.ts';
import type { Context } from '../../../context.ts';
import { RateLimited } from '../../../kernel/errors.ts';
import { signedText, textFromSigned } from '../../../kernel/signed-text.ts';
import { limitedAttempt } from '../failure-limit.ts';
import { changePassword, membershipsOf, verifyPassword } from '../people.ts';
import { oidcProvider } from './oidc-provider.ts';
import { organizationOfResource } from './organization-resource.ts';
import { endPage, newPasswordForm, organizationForm, passwordForm } from './sign-in-page.ts';

const PATH = '/sign-in/:uid';

/** The pages on which a person signs in: plain forms, one after the other (spec 10 §13). */
export const signInRoutes: readonly PublicRoute[] = [
  { method: 'GET', path: PATH, serve: (ctx, request, reply) => served(ctx, { request, reply }, begin) },
  { method: 'POST', path: PATH, serve: (ctx, request, reply) => served(ctx, { request, reply }, step) },
];

type Exchange = { readonly request: FastifyRequest; readonly reply: FastifyReply };

/** One attempt to sign in, as far as it has come. */
type SignIn = {
  readonly ctx: Context;
  readonly ip: string;
  /** Names the attempt and is in the address of its pages. */
  readonly uid: string;
  readonly action: string;
  /** What the client asks for: an organization, when it says so; null lets the person choose. */
  readonly wantedOrgId: string | null;
  /** Somebody who is signed in already and only has to choose. */
  readonly knownPersonId: string | null;
};

/** What follows: another page, with its status, or the way back to the client as this person. */
type Next =
  | { readonly page: Page; readonly status?: number }
  | { readonly personId: string; readonly orgId: string };

async function served(
  ctx: Context,
  { request, reply }: Exchange,
  next: (signIn: SignIn, form: URLSearchParams) => Promise<Next>,
): Promise<unknown> {
  const provider = await oidcProvider(ctx);
  try {
    const { uid, params, prompt, session } = await provider.interactionDetails(request.raw, reply.raw);
    const resource = params['resource'];
    const action = `${ctx.config.publicUrl}/sign-in/${uid}`;
    const knownPersonId = prompt.name === 'organization' ? (session?.accountId ?? null) : null;
    const wantedOrgId = resource === undefined ? null : organizationOfResource(ctx, resource);
    const signIn = { ctx, ip: request.ip, uid, action, wantedOrgId, knownPersonId };
    const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
    const result = await limited(() => next(signIn, form), reply);
    if ('page' in result) return sendPage(reply.status(result.status ?? 200), result.page);
    const login = { accountId: result.personId, remember: false, amr: ['pwd'] };
    const done = { login, organization: { orgId: result.orgId } };
    return reply.redirect(await provider.interactionResult(request.raw, reply.raw, done), 303);
  } catch (error) {
    if (!(error instanceof OIDCProviderError)) throw error;
    const text = 'This page is no longer valid. Please start again where you came from.';
    return sendPage(reply.status(400), endPage('Sign-in is over', text));
  }
}

async function limited(work: () => Promise<Next>, reply: FastifyReply): Promise<Next> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RateLimited)) throw error;
    reply.header('retry-after', error.waitSeconds);
    return { status: 429, page: endPage('Too many attempts', 'Please try again in fifteen minutes.') };
  }
}

async function begin(signIn: SignIn): Promise<Next> {
  const { action, knownPersonId } = signIn;
  if (knownPersonId !== null) return entered(signIn, knownPersonId);
  return { page: passwordForm({ action, email: '', alert: null }) };
}

async function step(signIn: SignIn, form: URLSearchParams): Promise<Next> {
  switch (form.get('step')) {
    case 'password':
      return checkedPassword(signIn, form);
    case 'new-password':
      return changedPassword(signIn, form);
    case 'organization':
      return chosenOrganization(signIn, form);
    default:
      return begin(signIn);
  }
}

/** One sentence for both: another one would tell who has an account. */
const REFUSED =
  'The e-mail address or the password is wrong, or there were too many attempts: then wait for 15 minutes.';
const EXPIRED = 'The temporary password has expired. Please ask your administrator for a new one.';

async function checkedPassword(signIn: SignIn, form: URLSearchParams): Promise<Next> {
  const { ctx, ip, action } = signIn;
  const given = { email: field(form, 'email').trim(), password: field(form, 'password') };
  const { email } = given;
  const check = await limitedCheck(ctx, { ip, email }, () => verifyPassword(ctx, given));
  if (check?.result === 'ok') return entered(signIn, check.userId);
  if (check?.result === 'temporary') return { page: newPasswordForm({ action, email, alert: null }) };
  const alert = check === null ? REFUSED : EXPIRED;
  return { status: 401, page: passwordForm({ action, email, alert }) };
}

/** Null when it was refused: that counts as a failure, another outcome does not. */
function limitedCheck<R extends { readonly result: string }>(
  ctx: Context,
  { ip, email }: { readonly ip: string; readonly email: string },
  check: () => Promise<R>,
) {
  return limitedAttempt(ctx, { ip, name: `person ${email.toLowerCase()}` }, async () => {
    const checked = await check();
    if (checked.result === 'refused' || checked.result === 'locked') return null;
    return checked as Exclude<R, { readonly result: 'refused' | 'locked' }>;
  });
}

async function changedPassword(signIn: SignIn, form: URLSearchParams): Promise<Next> {
  const { ctx, ip, action } = signIn;
  const given = {
    email: field(form, 'email').trim(),
    password: field(form, 'password'),
    newPassword: field(form, 'newPassword'),
  };
  if (given.newPassword !== field(form, 'repeated')) {
    const alert = 'The two new passwords are not the same.';
    return { status: 400, page: newPasswordForm({ action, email: given.email, alert }) };
  }
  const { email } = given;
  const change = await limitedCheck(ctx, { ip, email }, () => changePassword(ctx, given));
  if (change?.result === 'ok') return entered(signIn, change.userId);
  const otherwise = change === null ? REFUSED : EXPIRED;
  const alert = change?.result === 'unfit' ? change.reason : otherwise;
  return { status: 400, page: newPasswordForm({ action, email, alert }) };
}

/** Who has signed in goes to the wanted or the only organization, or chooses one. */
async function entered(signIn: SignIn, personId: string): Promise<Next> {
  const { ctx, action, wantedOrgId } = signIn;
  const memberships = await membershipsOf(ctx, personId);
  const open = memberships.filter(({ orgId }) => wantedOrgId === null || orgId === wantedOrgId);
  const [only] = open;
  if (!only) {
    const text = 'Your account has no access to this organization. Please ask an administrator.';
    return { status: 403, page: endPage('No access', text) };
  }
  if (open.length === 1) return { personId, orgId: only.orgId };
  const ticket = signedText(personId, ticketOf(signIn));
  return { page: organizationForm({ action, alert: null }, ticket, open) };
}

/** A ticket is good for this attempt only, which ends by itself within the hour. */
function ticketOf({ ctx, uid }: SignIn) {
  return { key: ctx.secretKey, purpose: `sign-in ${uid}` };
}

async function chosenOrganization(signIn: SignIn, form: URLSearchParams): Promise<Next> {
  const personId = textFromSigned(field(form, 'ticket'), ticketOf(signIn));
  if (personId === null) return begin(signIn);
  const chosen = field(form, 'orgId');
  const { wantedOrgId } = signIn;
  return entered({ ...signIn, wantedOrgId: wantedOrgId ?? chosen }, personId);
}

/** NUL cannot be stored or compared, so it is taken out like any other typing error would be refused. */
function field(form: URLSearchParams, name: string): string {
  return (form.get(name) ?? '').replaceAll('\u0000', '').slice(0, 1000);
}
