create table organization (
  id uuid primary key,
  name text not null,
  short_name text not null,
  type text not null,
  status text not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null
);

create table audit_entry (
  org_id uuid not null references organization (id),
  id uuid not null,
  dt_created timestamptz not null,
  principal_id uuid not null,
  request_id text,
  entity_type text not null,
  entity_id uuid not null,
  action text not null,
  before jsonb,
  after jsonb,
  primary key (org_id, id)
);

create table event (
  org_id uuid not null references organization (id),
  id uuid not null,
  event_name text not null,
  event_time timestamptz not null,
  m3ter_event jsonb not null,
  resource_id uuid,
  dt_actioned timestamptz,
  primary key (org_id, id)
);
create index event_page_idx on event (org_id, event_time desc, id desc);

create table currency (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text not null,
  archived boolean not null,
  max_decimal_places integer not null,
  rounding_mode text not null,
  primary key (org_id, id),
  constraint currency_code_key unique (org_id, code)
);
create index currency_page_idx on currency (org_id, dt_created desc, id desc);

create table organization_config (
  org_id uuid primary key references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  timezone text not null,
  year_epoch date not null,
  month_epoch date not null,
  week_epoch date not null,
  day_epoch date not null,
  currency text not null,
  currency_conversions jsonb not null,
  days_before_bill_due integer not null,
  scheduled_bill_interval numeric not null,
  scheduled_bill_offset integer,
  standing_charge_bill_in_advance boolean not null,
  commitment_fee_bill_in_advance boolean not null,
  minimum_spend_bill_in_advance boolean not null,
  consolidate_bills boolean not null,
  suppressed_empty_bills boolean not null,
  bill_prefix text,
  sequence_start_number integer,
  external_invoice_date text not null,
  auto_approve_bills_grace_period integer,
  auto_approve_bills_grace_period_unit text,
  auto_generate_statement_mode text not null,
  default_statement_definition_id uuid,
  credit_application_order jsonb not null,
  allow_overlapping_plans boolean not null,
  allow_negative_balances boolean not null,
  constraint organization_config_currency_fkey foreign key (org_id, currency) references currency (org_id, code)
);
