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
