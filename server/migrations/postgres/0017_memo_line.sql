-- Credits and debits that people put on a bill by hand. Each shows as a line of the bill: the row of
-- bill_line_item with the same id, whose key is that id too, so that calculations carry it along.
create table credit_line_item (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  bill_id uuid not null,
  amount numeric not null,
  -- The part of the amount that counts in the total of this bill.
  amount_to_apply_on_bill numeric not null,
  description text not null,
  product_id uuid,
  accounting_product_id uuid,
  -- What the memo is about. It stays when that bill is deleted or calculated again without the line.
  referenced_bill_id uuid,
  referenced_line_item_id uuid,
  service_period_start_date timestamptz not null,
  service_period_end_date timestamptz not null,
  credit_reason_id uuid,
  primary key (org_id, id),
  constraint credit_line_item_bill_id_fkey foreign key (org_id, bill_id) references bill (org_id, id) on delete cascade,
  constraint credit_line_item_product_id_fkey foreign key (org_id, product_id) references product (org_id, id),
  constraint credit_line_item_accounting_product_id_fkey foreign key (org_id, accounting_product_id)
    references product (org_id, id),
  constraint credit_line_item_credit_reason_id_fkey foreign key (org_id, credit_reason_id)
    references credit_reason (org_id, id)
);
create index credit_line_item_page_idx on credit_line_item (org_id, bill_id, dt_created desc, id desc);
create index credit_line_item_product_id_idx on credit_line_item (org_id, product_id);
create index credit_line_item_accounting_product_id_idx on credit_line_item (org_id, accounting_product_id);
create index credit_line_item_credit_reason_id_idx on credit_line_item (org_id, credit_reason_id);

create table debit_line_item (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  bill_id uuid not null,
  amount numeric not null,
  amount_to_apply_on_bill numeric not null,
  description text not null,
  product_id uuid,
  accounting_product_id uuid,
  referenced_bill_id uuid,
  referenced_line_item_id uuid,
  service_period_start_date timestamptz not null,
  service_period_end_date timestamptz not null,
  debit_reason_id uuid,
  primary key (org_id, id),
  constraint debit_line_item_bill_id_fkey foreign key (org_id, bill_id) references bill (org_id, id) on delete cascade,
  constraint debit_line_item_product_id_fkey foreign key (org_id, product_id) references product (org_id, id),
  constraint debit_line_item_accounting_product_id_fkey foreign key (org_id, accounting_product_id)
    references product (org_id, id),
  constraint debit_line_item_debit_reason_id_fkey foreign key (org_id, debit_reason_id)
    references debit_reason (org_id, id)
);
create index debit_line_item_page_idx on debit_line_item (org_id, bill_id, dt_created desc, id desc);
create index debit_line_item_product_id_idx on debit_line_item (org_id, product_id);
create index debit_line_item_accounting_product_id_idx on debit_line_item (org_id, accounting_product_id);
create index debit_line_item_debit_reason_id_idx on debit_line_item (org_id, debit_reason_id);
