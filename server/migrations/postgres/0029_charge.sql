-- One-off amounts that an account owes or is given (spec 50 §8). A charge shows as one line of one bill.
create table charge (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  account_id uuid not null,
  name text not null,
  code text not null,
  entity_type text not null,
  line_item_type text not null,
  -- The balance that a BALANCE charge bills money for. It has no foreign key: the charge may outlive the balance.
  entity_id uuid,
  currency text not null,
  amount numeric,
  units numeric,
  unit_price numeric,
  service_period_start_date timestamptz not null,
  service_period_end_date timestamptz not null,
  bill_date date not null,
  description text,
  notes text,
  accounting_product_id uuid,
  contract_id uuid,
  -- The bill that carries it; written with the lines of the bill.
  bill_id uuid,
  -- The schedule that made it, which may be gone, and the start of the time that it was made for.
  schedule_id uuid,
  occurrence timestamptz,
  primary key (org_id, id),
  constraint charge_account_id__code_key unique (org_id, account_id, code),
  constraint charge_schedule_id__occurrence_key unique (org_id, schedule_id, occurrence),
  constraint charge_account_id_fkey foreign key (org_id, account_id) references account (org_id, id),
  constraint charge_currency_fkey foreign key (org_id, currency) references currency (org_id, code),
  constraint charge_contract_id_fkey foreign key (org_id, contract_id) references contract (org_id, id),
  constraint charge_accounting_product_id_fkey foreign key (org_id, accounting_product_id)
    references product (org_id, id),
  constraint charge_bill_id_fkey foreign key (org_id, bill_id) references bill (org_id, id)
    on delete set null (bill_id)
);
create index charge_page_idx on charge (org_id, dt_created desc, id desc);
create index charge_open_idx on charge (org_id, account_id) where bill_id is null;
create index charge_bill_id_idx on charge (org_id, bill_id) where bill_id is not null;
create index charge_entity_id_idx on charge (org_id, entity_id) where entity_id is not null;
create index charge_contract_id_idx on charge (org_id, contract_id) where contract_id is not null;
create index charge_accounting_product_id_idx on charge (org_id, accounting_product_id)
  where accounting_product_id is not null;

-- Charges at regular dates for a balance (spec 50 §9).
create table balance_charge_schedule (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  balance_id uuid not null,
  name text not null,
  code text not null,
  currency text not null,
  service_period_start_date timestamptz not null,
  service_period_end_date timestamptz not null,
  bill_frequency text not null,
  bill_frequency_interval integer not null,
  bill_in_advance boolean not null,
  bill_epoch date,
  charge_description text not null,
  amount numeric,
  units numeric,
  unit_price numeric,
  custom_fields jsonb not null,
  next_run timestamptz,
  previous_run timestamptz,
  -- The start of the last time that a charge was made for: what begins later is still to be made.
  last_occurrence timestamptz,
  primary key (org_id, id),
  constraint balance_charge_schedule_balance_id__code_key unique (org_id, balance_id, code),
  constraint balance_charge_schedule_balance_id_fkey foreign key (org_id, balance_id)
    references balance (org_id, id) on delete cascade,
  constraint balance_charge_schedule_currency_fkey foreign key (org_id, currency)
    references currency (org_id, code)
);
create index balance_charge_schedule_page_idx
  on balance_charge_schedule (org_id, balance_id, dt_created desc, id desc);
create index balance_charge_schedule_next_run_idx on balance_charge_schedule (next_run)
  where next_run is not null;

-- Money put into a balance at regular times (spec 50 §7).
create table balance_transaction_schedule (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  balance_id uuid not null,
  name text not null,
  code text not null,
  amount numeric not null,
  transaction_description text not null,
  transaction_type_id uuid not null,
  start_date timestamptz not null,
  end_date timestamptz not null,
  frequency text not null,
  frequency_interval integer not null,
  paid numeric,
  currency_paid text,
  custom_fields jsonb not null,
  next_run timestamptz,
  previous_run timestamptz,
  -- The last moment that was looked at, also when nothing was put in: what is later is still to come.
  last_occurrence timestamptz,
  primary key (org_id, id),
  constraint balance_transaction_schedule_balance_id__code_key unique (org_id, balance_id, code),
  constraint balance_transaction_schedule_balance_id_fkey foreign key (org_id, balance_id)
    references balance (org_id, id) on delete cascade,
  constraint balance_transaction_schedule_transaction_type_id_fkey foreign key (org_id, transaction_type_id)
    references transaction_type (org_id, id)
);
create index balance_transaction_schedule_page_idx
  on balance_transaction_schedule (org_id, balance_id, dt_created desc, id desc);
create index balance_transaction_schedule_next_run_idx on balance_transaction_schedule (next_run)
  where next_run is not null;
create index balance_transaction_schedule_transaction_type_id_idx
  on balance_transaction_schedule (org_id, transaction_type_id);

-- What a schedule puts in at one moment is there once, however often a job runs.
create unique index balance_transaction_entity_id__transaction_date_key
  on balance_transaction (org_id, entity_id, transaction_date) where entity_type = 'SCHEDULER';

-- A balance takes the charges for it along that are on no bill (spec 50 §5.2); those on bills are owed.
create function delete_unbilled_charges() returns trigger language plpgsql as $$
begin
  delete from charge where org_id = old.org_id and entity_id = old.id and bill_id is null;
  return old;
end $$;

create trigger balance_with_unbilled_charges after delete on balance
  for each row execute function delete_unbilled_charges();
