-- Somebody with a sign-in. One person may belong to several organizations, always under the same id.
create table person (
  id uuid primary key,
  -- Lower case.
  email text not null,
  first_name text,
  last_name text,
  contact_number text,
  support_user boolean not null default false,
  -- Null: signs in by other means only.
  password_hash text,
  -- Null: a password of the person's own; else temporary, and good until then.
  password_expires timestamptz,
  -- Sign-ins of the last minutes that have not succeeded.
  failed_sign_ins timestamptz[] not null default '{}',
  locked_until timestamptz,
  dt_created timestamptz not null,
  constraint person_email_key unique (email)
);

-- A person in an organization.
create table org_user (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  permission_policy jsonb not null,
  dt_end_access timestamptz,
  primary key (org_id, id),
  constraint org_user_id_fkey foreign key (id) references person (id)
);
create index org_user_page_idx on org_user (org_id, dt_created desc, id desc);
create index org_user_person_idx on org_user (id);

create table invitation (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  email text not null,
  first_name text,
  last_name text,
  contact_number text,
  permission_policy_ids jsonb not null,
  dt_end_access timestamptz,
  dt_expiry timestamptz not null,
  inviting_principal_id uuid not null,
  accepted boolean not null,
  cancelled boolean not null,
  token_hash text not null,
  primary key (org_id, id),
  constraint invitation_token_hash_key unique (token_hash)
);
create index invitation_page_idx on invitation (org_id, dt_created desc, id desc);
create unique index invitation_email_key on invitation (org_id, lower(email)) where not accepted and not cancelled;

-- What the installation's support users may do in an organization, and until when.
create table support_access (
  org_id uuid primary key references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  dt_end_support_users_access timestamptz,
  support_users_permission_policy jsonb not null
);
insert into support_access
  (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
   support_users_permission_policy)
select id, gen_random_uuid(), 1, now(), now(), '00000000-0000-0000-0000-000000000000',
  '00000000-0000-0000-0000-000000000000', '[]'
from organization;

alter table audit_entry add column ip text;
create index audit_entry_page_idx on audit_entry (org_id, dt_created desc, id desc);
create index audit_entry_entity_idx on audit_entry (org_id, entity_id, dt_created desc, id desc);
