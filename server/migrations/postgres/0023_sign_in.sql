-- Private keys are stored sealed from here on. Tokens of the old keys end now; programs ask for another one.
delete from signing_key;
alter table signing_key drop column private_key;
alter table signing_key add column sealed_private_key text not null;

-- What the sign-in of people has to remember: codes, sessions, refresh tokens. `id` is a hash of the secret.
create table oidc_record (
  kind text not null,
  id text not null,
  sealed_payload text not null,
  grant_id text,
  uid text,
  dt_consumed timestamptz,
  dt_expires timestamptz not null,
  primary key (kind, id)
);
create index oidc_record_grant_id_idx on oidc_record (grant_id) where grant_id is not null;
create index oidc_record_uid_idx on oidc_record (kind, uid) where uid is not null;
create index oidc_record_dt_expires_idx on oidc_record (dt_expires);

-- The first answers to requests with an Idempotency-Key.
create table idempotent_request (
  org_id uuid not null references organization (id),
  id text not null,
  fingerprint text not null,
  status integer not null,
  sealed_answer text not null,
  dt_expires timestamptz not null,
  primary key (org_id, id)
);
create index idempotent_request_dt_expires_idx on idempotent_request (dt_expires);
