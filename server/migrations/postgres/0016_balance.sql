create table balance (
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
  description text,
  currency text not null,
  start_date timestamptz not null,
  end_date timestamptz not null,
  rollover_end_date timestamptz,
  rollover_amount numeric,
  product_ids jsonb not null,
  line_item_types jsonb not null,
  contract_id uuid,
  balance_draw_down_description text,
  overage_description text,
  overage_surcharge_percent numeric,
  consumptions_accounting_product_id uuid,
  fees_accounting_product_id uuid,
  allow_overdraft boolean,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint balance_account_id__code_key unique (org_id, account_id, code),
  constraint balance_account_id_fkey foreign key (org_id, account_id) references account (org_id, id),
  constraint balance_currency_fkey foreign key (org_id, currency) references currency (org_id, code),
  constraint balance_contract_id_fkey foreign key (org_id, contract_id) references contract (org_id, id),
  constraint balance_consumptions_accounting_product_id_fkey
    foreign key (org_id, consumptions_accounting_product_id) references product (org_id, id),
  constraint balance_fees_accounting_product_id_fkey foreign key (org_id, fees_accounting_product_id)
    references product (org_id, id)
);
create index balance_page_idx on balance (org_id, dt_created desc, id desc);
create index balance_contract_id_idx on balance (org_id, contract_id) where contract_id is not null;

-- Money in and out of a balance. What a balance holds is the sum of the rows whose applied_date has come: it is
-- written down nowhere else, so that it cannot be wrong.
create table balance_transaction (
  org_id uuid not null,
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  balance_id uuid not null,
  amount numeric not null,
  description text,
  transaction_type_id uuid,
  transaction_date timestamptz not null,
  applied_date timestamptz not null,
  paid numeric,
  currency_paid text,
  -- Who caused it: a person, an API client, a schedule or a bill.
  entity_type text not null,
  entity_id uuid not null,
  -- The bill whose draw it is, and from which time of the balance it was drawn: BASE or ROLLOVER.
  bill_id uuid,
  phase text,
  -- False until the balance's version and events have told of it, which for a later applied_date is then.
  announced boolean not null,
  primary key (org_id, id),
  constraint balance_transaction_amount_check check (amount <> 0),
  constraint balance_transaction_bill_id_check check ((entity_type = 'BILL') = (bill_id is not null)),
  constraint balance_transaction_phase_check check ((phase is null) = (bill_id is null)),
  constraint balance_transaction_bill_id__balance_id__phase_key unique (org_id, bill_id, balance_id, phase),
  constraint balance_transaction_balance_id_fkey foreign key (org_id, balance_id)
    references balance (org_id, id) on delete cascade,
  constraint balance_transaction_transaction_type_id_fkey foreign key (org_id, transaction_type_id)
    references transaction_type (org_id, id),
  constraint balance_transaction_bill_id_fkey foreign key (org_id, bill_id)
    references bill (org_id, id) on delete cascade
);
create index balance_transaction_page_idx
  on balance_transaction (org_id, balance_id, dt_created desc, id desc);
create index balance_transaction_amount_idx
  on balance_transaction (org_id, balance_id, applied_date) include (amount, bill_id, announced);
create index balance_transaction_transaction_type_id_idx on balance_transaction (org_id, transaction_type_id)
  where transaction_type_id is not null;

create index bill_line_item_balance_id_idx on bill_line_item (org_id, balance_id) where balance_id is not null;

-- A balance on a locked bill stays (spec 50 §5.2). The error is that of a foreign key: it is still in use.
create function refuse_locked_balance() returns trigger language plpgsql as $$
begin
  if exists (
    select from bill_line_item l
    join bill b on b.org_id = l.org_id and b.id = l.bill_id
    join bill_config c on c.org_id = b.org_id
    where l.org_id = old.org_id and l.balance_id = old.id
      and (b.dt_locked is not null or b.end_date <= c.bill_lock_date)
  ) then
    raise exception using errcode = 'foreign_key_violation', constraint = 'bill_line_item_balance_id_fkey',
      message = 'the balance is on a locked bill';
  end if;
  return old;
end $$;

create trigger balance_on_locked_bill before delete on balance
  for each row execute function refuse_locked_balance();
