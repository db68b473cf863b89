create table credit_reason (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text,
  archived boolean not null,
  primary key (org_id, id),
  constraint credit_reason_code_key unique (org_id, code)
);
create index credit_reason_page_idx on credit_reason (org_id, dt_created desc, id desc);

create table debit_reason (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text,
  archived boolean not null,
  primary key (org_id, id),
  constraint debit_reason_code_key unique (org_id, code)
);
create index debit_reason_page_idx on debit_reason (org_id, dt_created desc, id desc);

create table transaction_type (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text,
  archived boolean not null,
  primary key (org_id, id),
  constraint transaction_type_code_key unique (org_id, code)
);
create index transaction_type_page_idx on transaction_type (org_id, dt_created desc, id desc);

create table bill_grouping_key (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text,
  archived boolean not null,
  exclusive boolean not null,
  primary key (org_id, id),
  constraint bill_grouping_key_code_key unique (org_id, code)
);
create index bill_grouping_key_page_idx on bill_grouping_key (org_id, dt_created desc, id desc);

-- Custom fields that exist at the level of the organization, with their default values: one row each.
create table custom_field (
  org_id uuid primary key references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  organization jsonb not null,
  product jsonb not null,
  account jsonb not null,
  account_plan jsonb not null,
  meter jsonb not null,
  plan_template jsonb not null,
  plan jsonb not null,
  aggregation jsonb not null,
  compound_aggregation jsonb not null,
  contract jsonb not null
);

insert into custom_field
  (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
   organization, product, account, account_plan, meter, plan_template, plan, aggregation,
   compound_aggregation, contract)
select id, id, 1, dt_created, dt_created, created_by, created_by,
       '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'
from organization;
