create table contract (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  account_id uuid not null,
  name text not null,
  code text,
  description text,
  start_date date not null,
  end_date date not null,
  purchase_order_number text,
  apply_contract_period_limits boolean not null,
  bill_grouping_key_id uuid,
  usage_filters jsonb not null,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint contract_code_key unique (org_id, code),
  constraint contract_account_id_fkey foreign key (org_id, account_id) references account (org_id, id),
  constraint contract_bill_grouping_key_id_fkey foreign key (org_id, bill_grouping_key_id)
    references bill_grouping_key (org_id, id)
);
create index contract_page_idx on contract (org_id, dt_created desc, id desc);
create index contract_account_id_idx on contract (org_id, account_id);
create index contract_bill_grouping_key_id_idx on contract (org_id, bill_grouping_key_id)
  where bill_grouping_key_id is not null;

create table account_plan (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  account_id uuid not null,
  plan_id uuid,
  plan_group_id uuid,
  start_date timestamptz not null,
  end_date timestamptz,
  code text,
  bill_epoch date,
  contract_id uuid,
  child_billing_mode text not null,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint account_plan_code_key unique (org_id, code),
  constraint account_plan_account_id_fkey foreign key (org_id, account_id) references account (org_id, id),
  constraint account_plan_plan_id_fkey foreign key (org_id, plan_id) references plan (org_id, id),
  constraint account_plan_plan_group_id_fkey foreign key (org_id, plan_group_id)
    references plan_group (org_id, id),
  constraint account_plan_contract_id_fkey foreign key (org_id, contract_id) references contract (org_id, id),
  check (num_nonnulls(plan_id, plan_group_id) = 1)
);
create index account_plan_page_idx on account_plan (org_id, dt_created desc, id desc);
create index account_plan_account_id_idx on account_plan (org_id, account_id);
create index account_plan_plan_id_idx on account_plan (org_id, plan_id);
create index account_plan_plan_group_id_idx on account_plan (org_id, plan_group_id);
create index account_plan_contract_id_idx on account_plan (org_id, contract_id) where contract_id is not null;

create table counter_adjustment (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  account_id uuid not null,
  counter_id uuid not null,
  date date not null,
  value integer not null,
  purchase_order_number text,
  primary key (org_id, id),
  constraint counter_adjustment_account_id__counter_id__date_key unique (org_id, account_id, counter_id, date),
  constraint counter_adjustment_account_id_fkey foreign key (org_id, account_id)
    references account (org_id, id),
  constraint counter_adjustment_counter_id_fkey foreign key (org_id, counter_id)
    references counter (org_id, id)
);
create index counter_adjustment_page_idx on counter_adjustment (org_id, dt_created desc, id desc);
create index counter_adjustment_counter_id_idx on counter_adjustment (org_id, counter_id, date desc, id desc);
