import { randomBytes } from 'node:crypto';
import { type RawBuilder, sql } from 'kysely';
import type { Context } from '../../context.ts';
import type { Instant } from '../../kernel/time.ts';
import type { Db, Tx } from '../../store/database.ts';
import { matchesHash, NO_HASH, secretHash } from './secret-hash.ts';

/** What a sign-in turned out to be; people who do not exist look like wrong passwords. */
export type PasswordCheck =
  /** `temporary`: right, but it must be changed (`changePassword`) before anything else. */
  | { readonly result: 'ok' | 'temporary'; readonly userId: string }
  /** `locked`: too many failures; `expired`: a temporary password that was right once. */
  | { readonly result: 'locked' | 'expired' | 'refused' };

/** `unfit`: the new password cannot be taken; `reason` is a sentence for the person. */
export type PasswordChange = PasswordCheck | { readonly result: 'unfit'; readonly reason: string };

/** An organization that a person can enter now. */
export type Membership = {
  readonly orgId: string;
  readonly organizationName: string;
  readonly shortName: string;
  /** Enters by a support grant and not as a member (spec 10 §18). */
  readonly bySupport: boolean;
};

/** Somebody with a sign-in, whatever organizations they belong to. */
export type Person = {
  readonly id: string;
  /** Lower case. */
  readonly email: string;
  readonly firstName: string | null;
  readonly lastName: string | null;
};

/** Spec 10 §13. */
const MIN_PASSWORD_LENGTH = 12;
const MAX_PASSWORD_LENGTH = 1000;
const TEMPORARY_HOURS = 30 * 24;
const MAX_FAILURES = 10;
const FAILURE_MINUTES = 15;
const LOCK_MINUTES = 15;

type SignIn = { readonly email: string; readonly password: string };
type Attempt = {
  readonly id: string;
  readonly passwordHash: string | null;
  readonly passwordExpires: Instant | null;
  readonly isLocked: boolean;
};

/**
 * Checks a sign-in. Ten failures within 15 minutes lock the person for 15 minutes (spec 10 §13). Show the
 * same message for `locked` and `refused` to people who have not signed in: it would tell who has an account.
 */
export async function verifyPassword(ctx: Context, given: SignIn): Promise<PasswordCheck> {
  const attempt = await countedAttempt(ctx, given.email);
  if (attempt?.isLocked) return { result: 'locked' };
  const matches = await matchesHash(plainPassword(given.password), attempt?.passwordHash ?? NO_HASH);
  if (!attempt || !matches) return { result: 'refused' };
  await sql`update person set failed_sign_ins = '{}', locked_until = null
    where id = ${attempt.id}`.execute(ctx.db);
  const { id: userId, passwordExpires } = attempt;
  if (passwordExpires === null) return { result: 'ok', userId };
  const isOver = passwordExpires.epochMilliseconds <= ctx.clock.now().epochMilliseconds;
  return isOver ? { result: 'expired' } : { result: 'temporary', userId };
}

/** Replaces a password by one of the person's own; the old one, temporary or not, is checked as a sign-in. */
export async function changePassword(
  ctx: Context,
  given: SignIn & { readonly newPassword: string },
): Promise<PasswordChange> {
  const checked = await verifyPassword(ctx, given);
  if (checked.result !== 'ok' && checked.result !== 'temporary') return checked;
  const reason =
    given.newPassword === given.password
      ? 'The new password must differ from the old one.'
      : passwordProblem(given.newPassword);
  if (reason !== null) return { result: 'unfit', reason };
  const hash = await passwordHash(given.newPassword);
  await setPassword(ctx.db, checked.userId, { hash, expires: null });
  return { result: 'ok', userId: checked.userId };
}

/** Where the person may enter now: live memberships and live support grants, by name of the organization. */
export async function membershipsOf(ctx: Context, userId: string): Promise<readonly Membership[]> {
  const now = String(ctx.clock.now());
  const { rows } = await sql<Membership>`
    select o.id as org_id, o.name as organization_name, o.short_name, u.id is null as by_support
    from person p cross join organization o
    left join org_user u on u.org_id = o.id and u.id = p.id
    left join support_access s on s.org_id = o.id
    where p.id = ${userId} and case when u.id is null
      then p.support_user and s.dt_end_support_users_access > ${now}
      else coalesce(u.dt_end_access > ${now}, true) end
    order by o.name, o.id`.execute(ctx.db);
  return rows;
}

/** The person, or null. */
export function personById(ctx: Context, userId: string): Promise<Person | null> {
  return foundPerson(ctx.db, sql`id = ${userId}`);
}

/** The person with this address in any letter case, or null. */
export function personByEmail(db: Db | Tx, email: string): Promise<Person | null> {
  return foundPerson(db, sql`email = ${email.toLowerCase()}`);
}

async function foundPerson(db: Db | Tx, condition: RawBuilder<unknown>): Promise<Person | null> {
  const { rows } = await sql<Person>`
    select id, email, first_name, last_name from person where ${condition}`.execute(db);
  return rows[0] ?? null;
}

/** Why a password cannot be taken, as a sentence for the person; null when it can. */
export function passwordProblem(password: string): string | null {
  const { length } = [...password];
  if (length < MIN_PASSWORD_LENGTH) return `A password needs at least ${MIN_PASSWORD_LENGTH} characters.`;
  if (length > MAX_PASSWORD_LENGTH) return `A password has at most ${MAX_PASSWORD_LENGTH} characters.`;
  return null;
}

/** The stored form of a password. */
export function passwordHash(password: string): Promise<string> {
  return secretHash(plainPassword(password));
}

/** A password for one sign-in, with the hash to store and the moment at which it stops to work. */
export async function temporaryPassword(now: Instant) {
  const password = generatedPassword();
  return { password, hash: await passwordHash(password), expires: passwordEnd(now) };
}

export function generatedPassword(): string {
  return randomBytes(12).toString('base64url');
}

/** When a temporary password made now stops to work. */
export function passwordEnd(now: Instant): Instant {
  return now.add({ hours: TEMPORARY_HOURS });
}

/** Stores a password; with `expires` it is a temporary one. Unlocks the person. */
export async function setPassword(
  db: Db | Tx,
  userId: string,
  { hash, expires }: { readonly hash: string; readonly expires: Instant | null },
): Promise<void> {
  await sql`update person set password_hash = ${hash}, password_expires = ${expires && String(expires)},
    failed_sign_ins = '{}', locked_until = null where id = ${userId}`.execute(db);
}

/** Keyboards write the same letter in several ways. */
function plainPassword(password: string): string {
  return password.slice(0, MAX_PASSWORD_LENGTH * 2).normalize('NFKC');
}

/**
 * The person with the attempt counted as a failure, which a success takes back: parallel guesses cannot
 * outrun the count. An attempt on a locked person counts for nothing.
 */
async function countedAttempt(ctx: Context, email: string): Promise<Attempt | null> {
  if (!isStorableText(email)) return null;
  const now = ctx.clock.now();
  const recent = sql`array(select failed from unnest(person.failed_sign_ins) as failed
    where failed > ${String(now.subtract({ minutes: FAILURE_MINUTES }))}::timestamptz)`;
  const failed = sql`array_append(${recent}, ${now}::timestamptz)`;
  const lockEnd = String(now.add({ minutes: LOCK_MINUTES }));
  const { rows } = await sql<Attempt>`
    with found as (
      select id, coalesce(locked_until > ${now}, false) as is_locked
      from person where email = ${email.toLowerCase()} for update
    )
    update person set
      failed_sign_ins = case when is_locked then failed_sign_ins else ${failed} end,
      locked_until = case when is_locked then locked_until
        when cardinality(${recent}) + 1 >= ${MAX_FAILURES} then ${lockEnd}::timestamptz end
    from found where person.id = found.id
    returning person.id, password_hash, password_expires, is_locked`.execute(ctx.db);
  return rows[0] ?? null;
}

function isStorableText(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}
