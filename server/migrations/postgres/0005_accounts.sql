create table account (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text not null,
  email_address text not null,
  address jsonb,
  parent_account_id uuid,
  bill_epoch date,
  purchase_order_number text,
  currency text,
  days_before_bill_due integer,
  statement_definition_id uuid,
  auto_generate_statement_mode text,
  credit_application_order jsonb,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint account_code_key unique (org_id, code),
  constraint account_parent_account_id_fkey foreign key (org_id, parent_account_id)
    references account (org_id, id),
  constraint account_currency_fkey foreign key (org_id, currency) references currency (org_id, code)
);
create index account_page_idx on account (org_id, dt_created desc, id desc);
create index account_parent_account_id_idx on account (org_id, parent_account_id)
  where parent_account_id is not null;
