create table signing_key (
  id uuid primary key,
  dt_created timestamptz not null,
  private_key jsonb not null,
  public_key jsonb not null
);

create table service_user (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  primary key (org_id, id)
);

create table access_key (
  org_id uuid not null,
  id uuid not null,
  service_user_id uuid not null,
  access_key_id text not null,
  secret_hash text not null,
  status text not null,
  dt_created timestamptz not null,
  primary key (org_id, id),
  constraint access_key_access_key_id_key unique (access_key_id),
  constraint access_key_service_user_id_fkey foreign key (org_id, service_user_id)
    references service_user (org_id, id) on delete cascade
);

create table permission_policy (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  permission_policy jsonb not null,
  managed_policy boolean not null,
  primary key (org_id, id)
);

create table principal_permission (
  org_id uuid not null,
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  permission_policy_id uuid not null,
  principal_id uuid not null,
  principal_type text not null,
  primary key (org_id, id),
  constraint principal_permission_key unique (org_id, principal_id, permission_policy_id),
  constraint principal_permission_permission_policy_id_fkey foreign key (org_id, permission_policy_id)
    references permission_policy (org_id, id)
);
