-- What bills were calculated from, as text of exact JSON named by its SHA-256: equal facts are kept once. Sets that no
-- bill names any more are removed by a daily job.
create table bill_fact_set (
  org_id uuid not null references organization (id),
  digest text not null,
  content text not null,
  primary key (org_id, digest)
);

-- Which facts a bill was last calculated from, and by which version of the calculation.
create table bill_manifest (
  org_id uuid not null,
  bill_id uuid not null,
  engine_version text not null,
  calculated_at timestamptz not null,
  -- The catalog and the organization's configuration; the unit's accounts and attachments; the rest with the answers.
  catalog_digest text not null,
  unit_digest text not null,
  run_digest text not null,
  primary key (org_id, bill_id),
  constraint bill_manifest_bill_id_fkey foreign key (org_id, bill_id) references bill (org_id, id) on delete cascade
);

-- Bills that were approved by themselves: that happens once (spec 40 §7.4).
create table bill_auto_approval (
  org_id uuid not null,
  bill_id uuid not null,
  dt_approved timestamptz not null,
  primary key (org_id, bill_id),
  constraint bill_auto_approval_bill_id_fkey foreign key (org_id, bill_id)
    references bill (org_id, id) on delete cascade
);
create index bill_pending_idx on bill (org_id, bill_date) where status = 'PENDING';

-- Texts are written with every bill: the faster compression where this PostgreSQL has it.
do $$ begin
  alter table bill_fact_set alter column content set compression lz4;
exception when feature_not_supported then null;
end $$;
