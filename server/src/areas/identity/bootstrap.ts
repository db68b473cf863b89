import { sql } from 'kysely';
import type { Context } from '../../context.ts';
import { present } from '../../kernel/assert.ts';
import { newId, SYSTEM_PRINCIPAL } from '../../kernel/ids.ts';
import { writeJson } from '../../kernel/json.ts';
import type { Tx } from '../../store/database.ts';
import type { Writer } from '../../store/entity-store.ts';
import { createOrganization } from '../organization/index.ts';
import { MANAGED_POLICIES } from './managed-policies.ts';
import { newAccessKey } from './new-access-key.ts';
import { insertPerson, insertUser } from './new-user.ts';
import { generatedPassword, passwordEnd, passwordHash } from './people.ts';
import { secretHash } from './secret-hash.ts';
import { currentSigningKey } from './signing-key.ts';

/** How the first person signs in to the console. */
export type FirstSignIn = {
  readonly email: string;
  readonly password: string;
  /** A generated password must be changed at once. */
  readonly isGenerated: boolean;
};

/** What the first start made; the secret is shown this once and stored as a hash only. */
export type Credentials = {
  readonly orgId: string;
  readonly accessKeyId: string;
  readonly apiSecret: string;
  readonly generated: boolean;
  /** Null for an organization that only programs work with. */
  readonly person: FirstSignIn | null;
};

const DEFAULT_EMAIL = 'admin@meterbook.local';

/** Any fixed number: processes that start together take turns at making the first organization. */
const BOOTSTRAP_LOCK = 7_240_113;

/**
 * On the first start, makes the organization with an administrator service user, its access key and an
 * administrator for the console, as the METERBOOK_BOOTSTRAP_* variables say or with generated values. Answers
 * null when an organization exists.
 */
export async function bootstrap(ctx: Context): Promise<Credentials | null> {
  await currentSigningKey(ctx);
  const wanted = ctx.config.bootstrap;
  const made = generatedCredentials();
  const credentials = {
    orgId: wanted.orgId ?? made.orgId,
    accessKeyId: wanted.accessKeyId ?? made.accessKeyId,
    apiSecret: wanted.apiSecret ?? made.apiSecret,
    generated: wanted.apiSecret === null,
    person: {
      email: wanted.email ?? DEFAULT_EMAIL,
      password: wanted.password ?? generatedPassword(),
      isGenerated: wanted.password === null,
    },
  };
  return ctx.db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(${BOOTSTRAP_LOCK})`.execute(tx);
    const { rows } = await sql`select 1 from organization limit 1`.execute(tx);
    if (rows.length > 0) return null;
    await insertOrganization(ctx, tx, { ...credentials, name: 'Meterbook' });
    return credentials;
  });
}

/** Makes another organization with an administrator service user and answers its generated credentials. */
export async function createAdministeredOrganization(ctx: Context, name: string): Promise<Credentials> {
  const credentials = generatedCredentials();
  await ctx.db.transaction().execute((tx) => insertOrganization(ctx, tx, { ...credentials, name }));
  return credentials;
}

async function insertOrganization(
  ctx: Context,
  tx: Tx,
  organization: Credentials & { readonly name: string },
): Promise<void> {
  const { orgId, accessKeyId, apiSecret, name, person } = organization;
  const writer = { orgId, principalId: SYSTEM_PRINCIPAL, now: ctx.clock.now() };
  await createOrganization(tx, writer, { name });
  const policies = await createManagedPolicies(tx, writer);
  const administrator = policies.get('Administrator') ?? '';
  await createAdministrator(tx, writer, { administrator, accessKeyId, hash: await secretHash(apiSecret) });
  await insertSupportAccess(tx, writer);
  if (person) await createFirstUser(tx, writer, { administrator, person });
}

/** A configured password is the person's own already; a generated one was printed and has to be changed. */
async function createFirstUser(
  tx: Tx,
  writer: Writer,
  { administrator, person }: { administrator: string; person: FirstSignIn },
): Promise<void> {
  const name = { firstName: 'Console', lastName: 'Administrator', contactNumber: null };
  const password = {
    hash: await passwordHash(person.password),
    expires: person.isGenerated ? passwordEnd(writer.now) : null,
  };
  const id = await insertPerson(tx, writer.now, { ...name, email: person.email, password });
  const user = { id: present(id, 'the first person'), dtEndAccess: null };
  await insertUser(tx, { writer, requestId: null }, { ...user, permissionPolicyIds: [administrator] });
}

async function insertSupportAccess(tx: Tx, writer: Writer): Promise<void> {
  await sql`insert into support_access (${ENVELOPE}, support_users_permission_policy)
    values (${envelopeValues(writer)}, '[]')`.execute(tx);
}

function generatedCredentials(): Credentials {
  return {
    orgId: newId(),
    ...newAccessKey(),
    generated: true,
    person: null,
  };
}

function envelopeValues(writer: Writer) {
  const now = String(writer.now);
  return sql`${writer.orgId}, ${newId()}, 1, ${now}, ${now}, ${writer.principalId}, ${writer.principalId}`;
}

const ENVELOPE = sql`org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by`;

async function createManagedPolicies(tx: Tx, writer: Writer): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  for (const policy of MANAGED_POLICIES) {
    const { rows } = await sql<{ id: string }>`
      insert into permission_policy (${ENVELOPE}, name, permission_policy, managed_policy)
      values (${envelopeValues(writer)}, ${policy.name}, ${writeJson(policy.permissionPolicy)}::jsonb, true)
      returning id`.execute(tx);
    ids.set(policy.name, rows[0]?.id ?? '');
  }
  return ids;
}

type Administrator = { readonly administrator: string; readonly accessKeyId: string; readonly hash: string };

async function createAdministrator(tx: Tx, writer: Writer, made: Administrator): Promise<void> {
  const { rows } = await sql<{ id: string }>`insert into service_user (${ENVELOPE}, name)
    values (${envelopeValues(writer)}, 'Administrator') returning id`.execute(tx);
  const serviceUserId = rows[0]?.id ?? '';
  await sql`insert into access_key (${ENVELOPE}, service_user_id, access_key_id, secret_hash, status)
    values
      (${envelopeValues(writer)}, ${serviceUserId}, ${made.accessKeyId}, ${made.hash}, 'ACTIVE')`.execute(tx);
  await sql`insert into principal_permission
    (${ENVELOPE}, permission_policy_id, principal_id, principal_type)
    values (${envelopeValues(writer)}, ${made.administrator}, ${serviceUserId}, 'SERVICEUSER')`.execute(tx);
}
