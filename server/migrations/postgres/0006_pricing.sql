create table plan_template (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  product_id uuid not null,
  name text not null,
  code text,
  currency text not null,
  standing_charge numeric not null,
  standing_charge_description text,
  standing_charge_interval integer not null,
  standing_charge_offset integer not null,
  standing_charge_bill_in_advance boolean,
  minimum_spend numeric,
  minimum_spend_description text,
  minimum_spend_bill_in_advance boolean,
  bill_frequency text not null,
  bill_frequency_interval integer not null,
  ordinal integer,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint plan_template_code_key unique (org_id, code),
  constraint plan_template_product_id_fkey foreign key (org_id, product_id) references product (org_id, id)
);
create index plan_template_page_idx on plan_template (org_id, dt_created desc, id desc);
create index plan_template_product_id_idx on plan_template (org_id, product_id);

create table plan (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  plan_template_id uuid not null,
  name text not null,
  code text not null,
  standing_charge numeric,
  standing_charge_description text,
  standing_charge_bill_in_advance boolean,
  standing_charge_accounting_product_id uuid,
  minimum_spend numeric,
  minimum_spend_description text,
  minimum_spend_bill_in_advance boolean,
  minimum_spend_accounting_product_id uuid,
  ordinal integer,
  bespoke boolean not null,
  account_id uuid,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint plan_code_key unique (org_id, code),
  constraint plan_plan_template_id_fkey foreign key (org_id, plan_template_id)
    references plan_template (org_id, id),
  constraint plan_standing_charge_accounting_product_id_fkey
    foreign key (org_id, standing_charge_accounting_product_id) references product (org_id, id),
  constraint plan_minimum_spend_accounting_product_id_fkey
    foreign key (org_id, minimum_spend_accounting_product_id) references product (org_id, id),
  constraint plan_account_id_fkey foreign key (org_id, account_id) references account (org_id, id)
);
create index plan_page_idx on plan (org_id, dt_created desc, id desc);
create index plan_plan_template_id_idx on plan (org_id, plan_template_id);
create index plan_account_id_idx on plan (org_id, account_id) where account_id is not null;

create table plan_group (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text,
  currency text not null,
  standing_charge numeric,
  standing_charge_description text,
  standing_charge_bill_in_advance boolean,
  standing_charge_accounting_product_id uuid,
  minimum_spend numeric,
  minimum_spend_description text,
  minimum_spend_bill_in_advance boolean,
  minimum_spend_accounting_product_id uuid,
  account_id uuid,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint plan_group_code_key unique (org_id, code),
  constraint plan_group_standing_charge_accounting_product_id_fkey
    foreign key (org_id, standing_charge_accounting_product_id) references product (org_id, id),
  constraint plan_group_minimum_spend_accounting_product_id_fkey
    foreign key (org_id, minimum_spend_accounting_product_id) references product (org_id, id),
  constraint plan_group_account_id_fkey foreign key (org_id, account_id) references account (org_id, id)
);
create index plan_group_page_idx on plan_group (org_id, dt_created desc, id desc);
create index plan_group_account_id_idx on plan_group (org_id, account_id) where account_id is not null;

create table plan_group_link (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  plan_group_id uuid not null,
  plan_id uuid not null,
  primary key (org_id, id),
  constraint plan_group_link_plan_group_id__plan_id_key unique (org_id, plan_group_id, plan_id),
  constraint plan_group_link_plan_group_id_fkey foreign key (org_id, plan_group_id)
    references plan_group (org_id, id) on delete cascade,
  constraint plan_group_link_plan_id_fkey foreign key (org_id, plan_id) references plan (org_id, id)
);
create index plan_group_link_page_idx on plan_group_link (org_id, dt_created desc, id desc);
create index plan_group_link_plan_id_idx on plan_group_link (org_id, plan_id);

create table pricing (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  plan_id uuid,
  plan_template_id uuid,
  aggregation_id uuid,
  compound_aggregation_id uuid,
  segment jsonb,
  type text not null,
  code text,
  start_date timestamptz not null,
  end_date timestamptz,
  description text,
  cumulative boolean not null,
  tiers_span_plan boolean not null,
  pricing_bands jsonb not null,
  overage_pricing_bands jsonb not null,
  minimum_spend numeric not null,
  minimum_spend_description text,
  minimum_spend_bill_in_advance boolean,
  accounting_product_id uuid,
  primary key (org_id, id),
  constraint pricing_code_key unique (org_id, code),
  constraint pricing_plan_id_fkey foreign key (org_id, plan_id)
    references plan (org_id, id) on delete cascade,
  constraint pricing_plan_template_id_fkey foreign key (org_id, plan_template_id)
    references plan_template (org_id, id) on delete cascade,
  constraint pricing_aggregation_id_fkey foreign key (org_id, aggregation_id)
    references aggregation (org_id, id),
  constraint pricing_compound_aggregation_id_fkey foreign key (org_id, compound_aggregation_id)
    references compound_aggregation (org_id, id),
  constraint pricing_accounting_product_id_fkey foreign key (org_id, accounting_product_id)
    references product (org_id, id),
  check (num_nonnulls(plan_id, plan_template_id) = 1),
  check (num_nonnulls(aggregation_id, compound_aggregation_id) = 1)
);
create index pricing_page_idx on pricing (org_id, dt_created desc, id desc);
create index pricing_plan_id_idx on pricing (org_id, plan_id);
create index pricing_plan_template_id_idx on pricing (org_id, plan_template_id);
create index pricing_aggregation_id_idx on pricing (org_id, aggregation_id);
create index pricing_compound_aggregation_id_idx on pricing (org_id, compound_aggregation_id);

create table counter_pricing (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  plan_id uuid,
  plan_template_id uuid,
  counter_id uuid not null,
  code text,
  start_date timestamptz not null,
  end_date timestamptz,
  description text,
  cumulative boolean not null,
  pricing_bands jsonb not null,
  running_total_bill_in_advance boolean not null,
  pro_rate_running_total boolean not null,
  pro_rate_adjustment_debit boolean not null,
  pro_rate_adjustment_credit boolean not null,
  accounting_product_id uuid,
  primary key (org_id, id),
  constraint counter_pricing_code_key unique (org_id, code),
  constraint counter_pricing_plan_id_fkey foreign key (org_id, plan_id)
    references plan (org_id, id) on delete cascade,
  constraint counter_pricing_plan_template_id_fkey foreign key (org_id, plan_template_id)
    references plan_template (org_id, id) on delete cascade,
  constraint counter_pricing_counter_id_fkey foreign key (org_id, counter_id) references counter (org_id, id),
  constraint counter_pricing_accounting_product_id_fkey foreign key (org_id, accounting_product_id)
    references product (org_id, id),
  check (num_nonnulls(plan_id, plan_template_id) = 1)
);
create index counter_pricing_page_idx on counter_pricing (org_id, dt_created desc, id desc);
create index counter_pricing_plan_id_idx on counter_pricing (org_id, plan_id);
create index counter_pricing_plan_template_id_idx on counter_pricing (org_id, plan_template_id);
create index counter_pricing_counter_id_idx on counter_pricing (org_id, counter_id);
