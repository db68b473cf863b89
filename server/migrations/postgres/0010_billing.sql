create table bill_config (
  org_id uuid primary key references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  bill_lock_date date
);

insert into bill_config (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by)
select id, id, 1, dt_created, dt_created, created_by, created_by from organization;

-- The last invoice number of an organization; its row is written last in a transaction, since it holds others up.
create table bill_sequence (
  org_id uuid primary key references organization (id),
  last_number bigint not null
);

create table bill_job (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  type text not null,
  status text not null,
  total bigint not null,
  -- Units left when the job ended; while it runs they are counted in bill_job_unit.
  pending_at_end bigint not null,
  account_ids jsonb,
  recalculated_bill_ids jsonb,
  bill_date date,
  last_date_in_billing_period date,
  due_date date,
  external_invoice_date date,
  billing_frequency text,
  bill_frequency_interval integer,
  target_currency text,
  currency_conversions jsonb not null,
  timezone text not null,
  day_epoch date,
  week_epoch date,
  month_epoch date,
  year_epoch date,
  primary key (org_id, id)
);
create index bill_job_page_idx on bill_job (org_id, dt_created desc, id desc);
create index bill_job_unfinished_idx on bill_job (org_id) where status not in ('COMPLETE', 'CANCELLED');

-- Account units that a job still has to calculate: a parent account for itself and its children, or a single one.
create table bill_job_unit (
  org_id uuid not null,
  bill_job_id uuid not null,
  account_id uuid not null,
  primary key (org_id, bill_job_id, account_id),
  constraint bill_job_unit_bill_job_id_fkey foreign key (org_id, bill_job_id)
    references bill_job (org_id, id) on delete cascade
);

-- Bills that a job has written, also those that a later job has calculated since or that are deleted.
create table bill_job_bill (
  org_id uuid not null,
  bill_job_id uuid not null,
  bill_id uuid not null,
  primary key (org_id, bill_job_id, bill_id),
  constraint bill_job_bill_bill_job_id_fkey foreign key (org_id, bill_job_id)
    references bill_job (org_id, id) on delete cascade
);

create table bill (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  account_id uuid not null,
  -- What makes it the same bill when it is calculated again.
  grid_date date not null,
  group_key text not null,
  frequency_key text not null,
  start_date date not null,
  end_date date not null,
  start_date_time_utc timestamptz not null,
  end_date_time_utc timestamptz not null,
  bill_date date not null,
  due_date date not null,
  external_invoice_date date not null,
  billing_frequency text not null,
  bill_frequency_interval integer,
  timezone text not null,
  currency text not null,
  currency_conversions jsonb not null,
  purchase_order_number text,
  bill_total numeric not null,
  status text not null,
  dt_approved timestamptz,
  approved_by uuid,
  -- Set when the bill was locked by itself; the lock date of bill_config locks bills besides.
  dt_locked timestamptz,
  locked_by uuid,
  bill_job_id uuid,
  last_calculated_date timestamptz not null,
  sequential_invoice_number text,
  external_invoice_reference text,
  json_statement_generated boolean not null,
  csv_statement_generated boolean not null,
  statement_stale boolean not null,
  -- What the job said about zone, epochs, rates and dates; recalculations take it again.
  stamp jsonb not null,
  -- Which period of which attached plan the bill closes.
  periods jsonb not null,
  primary key (org_id, id),
  constraint bill_account_id__grid_date__group_key__frequency_key_key
    unique (org_id, account_id, grid_date, group_key, frequency_key),
  constraint bill_account_id_fkey foreign key (org_id, account_id) references account (org_id, id)
);
create index bill_page_idx on bill (org_id, dt_created desc, id desc);
create index bill_end_date_idx on bill (org_id, end_date);
create index bill_bill_date_idx on bill (org_id, bill_date);
create index bill_bill_job_id_idx on bill (org_id, bill_job_id);

create table bill_line_item (
  org_id uuid not null,
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  bill_id uuid not null,
  -- What the line is for; the line of a key keeps its id when the bill is calculated again.
  key text not null,
  sequence_number integer not null,
  line_item_type text not null,
  description text not null,
  quantity numeric not null,
  units numeric not null,
  unit text not null,
  average_unit_price numeric not null,
  subtotal numeric not null,
  currency text not null,
  conversion_rate numeric not null,
  converted_subtotal numeric not null,
  usage_per_pricing_band jsonb,
  service_period_start_date timestamptz not null,
  service_period_end_date timestamptz not null,
  segment jsonb,
  aggregation_id uuid,
  compound_aggregation_id uuid,
  meter_id uuid,
  counter_id uuid,
  pricing_id uuid,
  plan_id uuid,
  plan_group_id uuid,
  product_id uuid,
  product_name text,
  product_code text,
  accounting_product_id uuid,
  accounting_product_name text,
  accounting_product_code text,
  commitment_id uuid,
  balance_id uuid,
  charge_id uuid,
  contract_id uuid,
  child_account_id uuid,
  child_account_code text,
  referenced_bill_id uuid,
  referenced_line_item_id uuid,
  reason_id uuid,
  -- How the amount came about: pricing, window, units, bands, proration.
  reason jsonb not null,
  primary key (org_id, id),
  constraint bill_line_item_bill_id__key_key unique (org_id, bill_id, key),
  constraint bill_line_item_bill_id_fkey foreign key (org_id, bill_id) references bill (org_id, id) on delete cascade
);
create index bill_line_item_commitment_id_idx on bill_line_item (org_id, commitment_id)
  where commitment_id is not null;

-- An attached plan on a locked bill stays (spec 30 §20). The error is that of a foreign key: it is still in use.
create function refuse_locked_account_plan() returns trigger language plpgsql as $$
begin
  if exists (
    select from bill b join bill_config c on c.org_id = b.org_id
    where b.org_id = old.org_id
      and b.account_id in (
        select unnest(array[a.id, a.parent_account_id]) from account a
        where a.org_id = old.org_id and a.id = old.account_id)
      and (b.dt_locked is not null or b.end_date <= c.bill_lock_date)
      and b.periods @> jsonb_build_array(jsonb_build_object('accountPlanId', old.id))
  ) then
    raise exception using errcode = 'foreign_key_violation', constraint = 'bill_periods_account_plan_id_fkey',
      message = 'the account plan is on a locked bill';
  end if;
  return old;
end $$;

create trigger account_plan_on_locked_bill before delete on account_plan
  for each row execute function refuse_locked_account_plan();
