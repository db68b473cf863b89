-- Files of measurements and of lookup table rows, failed measurements that are submitted again, broken batches.

create table measurement_upload (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  file_name text not null,
  content_type text not null,
  content_length integer not null,
  status text not null,
  -- No file is taken that was begun to be sent after this.
  link_ends timestamptz not null,
  -- Rows read so far: where reading goes on after a crash. All of them once `is_read`.
  total_rows integer not null,
  processed_rows integer not null,
  failed_rows integer not null,
  is_read boolean not null,
  failure_reason text,
  primary key (org_id, id)
);
create index measurement_upload_page_idx on measurement_upload (org_id, dt_created desc, id desc);

-- Of a piece of a file: the row of each measurement in it, from 1.
alter table measurement_batch add column row_numbers integer[];

-- How often enrichment of a group has failed for reasons that lie in the group.
create table measurement_group_failure (
  insert_id uuid primary key,
  attempts integer not null
);

-- When a failed measurement was submitted again.
alter table failed_measurement add column resubmitted_at timestamptz;
create index failed_measurement_page_idx on failed_measurement (org_id, received_at desc, id desc);

create table lookup_table_job (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  lookup_table_id uuid not null,
  lookup_table_revision_id uuid not null,
  destination_lookup_table_revision_id uuid,
  type text not null,
  status text not null,
  file_name text,
  content_type text,
  content_length integer,
  -- The version that the rows must have when an uploaded file is taken; null for any.
  items_version integer,
  link_ends timestamptz,
  failure_reason text,
  download_ends timestamptz,
  primary key (org_id, id),
  constraint lookup_table_job_lookup_table_revision_id_fkey
    foreign key (org_id, lookup_table_revision_id)
    references lookup_table_revision (org_id, id) on delete cascade
);
create index lookup_table_job_page_idx
  on lookup_table_job (org_id, lookup_table_revision_id, dt_created desc, id desc);
