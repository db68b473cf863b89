create table commitment (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  account_id uuid not null,
  amount numeric not null,
  currency text not null,
  start_date date not null,
  end_date date not null,
  amount_pre_paid numeric not null,
  amount_first_bill numeric,
  billing_plan_id uuid,
  billing_interval integer not null,
  billing_offset integer not null,
  bill_epoch date,
  commitment_fee_bill_in_advance boolean,
  fee_dates jsonb not null,
  product_ids jsonb not null,
  line_item_types jsonb not null,
  overage_surcharge_percent numeric,
  separate_overage_usage boolean not null,
  commitment_fee_description text,
  commitment_usage_description text,
  overage_description text,
  accounting_product_id uuid,
  fees_accounting_product_id uuid,
  drawdowns_accounting_product_id uuid,
  contract_id uuid,
  child_billing_mode text not null,
  primary key (org_id, id),
  constraint commitment_account_id_fkey foreign key (org_id, account_id) references account (org_id, id),
  constraint commitment_currency_fkey foreign key (org_id, currency) references currency (org_id, code),
  constraint commitment_billing_plan_id_fkey foreign key (org_id, billing_plan_id) references plan (org_id, id),
  constraint commitment_contract_id_fkey foreign key (org_id, contract_id) references contract (org_id, id),
  constraint commitment_accounting_product_id_fkey foreign key (org_id, accounting_product_id)
    references product (org_id, id),
  constraint commitment_fees_accounting_product_id_fkey foreign key (org_id, fees_accounting_product_id)
    references product (org_id, id),
  constraint commitment_drawdowns_accounting_product_id_fkey foreign key (org_id, drawdowns_accounting_product_id)
    references product (org_id, id)
);
create index commitment_page_idx on commitment (org_id, dt_created desc, id desc);
create index commitment_account_id_idx on commitment (org_id, account_id);
create index commitment_contract_id_idx on commitment (org_id, contract_id) where contract_id is not null;
create index commitment_billing_plan_id_idx on commitment (org_id, billing_plan_id)
  where billing_plan_id is not null;

-- The products that a commitment is for, again, since a list inside of a row cannot refer to anything: a product
-- that is named here cannot be deleted.
create table commitment_product (
  org_id uuid not null,
  id uuid not null,
  product_id uuid not null,
  primary key (org_id, id, product_id),
  constraint commitment_product_id_fkey foreign key (org_id, id) references commitment (org_id, id)
    on delete cascade,
  constraint commitment_product_product_id_fkey foreign key (org_id, product_id) references product (org_id, id)
);
create index commitment_product_product_id_idx on commitment_product (org_id, product_id);

create function keep_commitment_products() returns trigger language plpgsql as $$
begin
  delete from commitment_product where org_id = new.org_id and id = new.id;
  insert into commitment_product (org_id, id, product_id)
  select new.org_id, new.id, p.id from product p
  where p.org_id = new.org_id
    and p.id in (select named::uuid from jsonb_array_elements_text(new.product_ids) named);
  return new;
end $$;

create trigger commitment_products after insert or update of product_ids on commitment
  for each row execute function keep_commitment_products();

-- What bills have done to a commitment, in its currency, in the order in which it happened: FEE above 0 was billed
-- and below 0 taken back, DRAW above 0 was drawn and below 0 given back. Rows are only ever added, and outlive their
-- bill. What a bill draws now is the sum of its rows, what is spent of a commitment is the sum of its DRAW rows.
create table commitment_movement (
  org_id uuid not null,
  id uuid not null,
  dt_created timestamptz not null,
  created_by uuid not null,
  commitment_id uuid not null,
  bill_id uuid not null,
  kind text not null,
  amount numeric not null,
  primary key (org_id, id),
  constraint commitment_movement_kind_check check (kind in ('FEE', 'DRAW')),
  constraint commitment_movement_amount_check check (amount <> 0),
  constraint commitment_movement_commitment_id_fkey foreign key (org_id, commitment_id)
    references commitment (org_id, id) on delete cascade
);
create index commitment_movement_page_idx
  on commitment_movement (org_id, commitment_id, dt_created desc, id desc) include (kind, amount, bill_id);
create index commitment_movement_bill_id_idx on commitment_movement (org_id, bill_id);

-- A commitment on a locked bill stays (spec 50 §4.7). The error is that of a foreign key: it is still in use.
create function refuse_locked_commitment() returns trigger language plpgsql as $$
begin
  if exists (
    select from bill_line_item l
    join bill b on b.org_id = l.org_id and b.id = l.bill_id
    join bill_config c on c.org_id = b.org_id
    where l.org_id = old.org_id and l.commitment_id = old.id
      and (b.dt_locked is not null or b.end_date <= c.bill_lock_date)
  ) then
    raise exception using errcode = 'foreign_key_violation', constraint = 'bill_line_item_commitment_id_fkey',
      message = 'the commitment is on a locked bill';
  end if;
  return old;
end $$;

create trigger commitment_on_locked_bill before delete on commitment
  for each row execute function refuse_locked_commitment();
