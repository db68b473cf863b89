create table product (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text not null,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint product_code_key unique (org_id, code)
);
create index product_page_idx on product (org_id, dt_created desc, id desc);

create table meter_group (
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
create index meter_group_page_idx on meter_group (org_id, dt_created desc, id desc);

create table meter (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text not null,
  product_id uuid,
  group_id uuid,
  data_fields jsonb not null,
  derived_fields jsonb not null,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint meter_code_key unique (org_id, code),
  constraint meter_product_id_fkey foreign key (org_id, product_id) references product (org_id, id),
  constraint meter_group_id_fkey foreign key (org_id, group_id) references meter_group (org_id, id)
);
create index meter_page_idx on meter (org_id, dt_created desc, id desc);
create index meter_product_id_idx on meter (org_id, product_id);
create index meter_group_id_idx on meter (org_id, group_id);

create table aggregation (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text,
  meter_id uuid not null,
  target_field text not null,
  aggregation text not null,
  quantity_per_unit numeric not null,
  rounding text not null,
  unit text not null,
  default_value numeric,
  segmented_fields jsonb,
  segments jsonb,
  custom_sql text,
  accounting_product_id uuid,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint aggregation_code_key unique (org_id, code),
  constraint aggregation_meter_id_fkey foreign key (org_id, meter_id) references meter (org_id, id),
  constraint aggregation_accounting_product_id_fkey foreign key (org_id, accounting_product_id)
    references product (org_id, id)
);
create index aggregation_page_idx on aggregation (org_id, dt_created desc, id desc);
create index aggregation_meter_id_idx on aggregation (org_id, meter_id);
create index aggregation_accounting_product_id_idx on aggregation (org_id, accounting_product_id);

create table compound_aggregation (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text,
  product_id uuid,
  calculation text not null,
  -- Codes of the simple aggregations that the calculation names.
  aggregation_codes jsonb not null,
  evaluate_null_aggregations boolean not null,
  quantity_per_unit numeric not null,
  rounding text not null,
  unit text not null,
  accounting_product_id uuid,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint compound_aggregation_code_key unique (org_id, code),
  constraint compound_aggregation_product_id_fkey foreign key (org_id, product_id)
    references product (org_id, id),
  constraint compound_aggregation_accounting_product_id_fkey foreign key (org_id, accounting_product_id)
    references product (org_id, id)
);
create index compound_aggregation_page_idx on compound_aggregation (org_id, dt_created desc, id desc);
create index compound_aggregation_product_id_idx on compound_aggregation (org_id, product_id);
create index compound_aggregation_accounting_product_id_idx
  on compound_aggregation (org_id, accounting_product_id);

create table counter (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text,
  unit text not null,
  product_id uuid,
  primary key (org_id, id),
  constraint counter_code_key unique (org_id, code),
  constraint counter_product_id_fkey foreign key (org_id, product_id) references product (org_id, id)
);
create index counter_page_idx on counter (org_id, dt_created desc, id desc);
create index counter_product_id_idx on counter (org_id, product_id);
