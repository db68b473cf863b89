-- Counts calculations and edits of a bill; approving and locking leave it alone. A statement knows which it shows.
alter table bill add column content_version bigint not null default 1;

create table statement_job (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  bill_id uuid not null,
  include_csv_format boolean not null,
  filters jsonb,
  statement_job_status text not null,
  -- How often its files have been begun.
  attempts integer not null,
  -- What of the bill the files show; null before they are begun.
  bill_content_version bigint,
  primary key (org_id, id),
  constraint statement_job_bill_id_fkey foreign key (org_id, bill_id) references bill (org_id, id) on delete cascade
);
create index statement_job_page_idx on statement_job (org_id, dt_created desc, id desc);
create index statement_job_bill_id_idx on statement_job (org_id, bill_id, dt_created desc, id desc);
