create table export_destination (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text not null,
  destination_type text not null,
  bucket_name text not null,
  prefix text,
  partition_order text not null,
  iam_role_arn text,
  project_number text,
  pool_id text,
  provider_id text,
  service_account_email text,
  primary key (org_id, id),
  constraint export_destination_code_key unique (org_id, code)
);
create index export_destination_page_idx on export_destination (org_id, dt_created desc, id desc);

create table export_schedule (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text not null,
  source_type text not null,
  destination_ids jsonb not null,
  schedule_type text,
  period integer,
  "offset" integer,
  cron_expression text,
  export_file_format text not null,
  operational_data_types jsonb,
  time_period text,
  meter_ids jsonb,
  account_ids jsonb,
  dimension_filters jsonb,
  aggregations jsonb,
  groups jsonb,
  -- What the runs are counted from: the creation or the last change.
  anchor_at timestamptz not null,
  next_run_at timestamptz not null,
  primary key (org_id, id),
  constraint export_schedule_code_key unique (org_id, code)
);
create index export_schedule_page_idx on export_schedule (org_id, dt_created desc, id desc);
create index export_schedule_next_run_at_idx on export_schedule (next_run_at);

-- The destinations of a schedule as rows, so that the database guards them; `id` is the schedule's.
create table export_schedule_destination (
  org_id uuid not null,
  id uuid not null,
  destination_id uuid not null,
  primary key (org_id, id, destination_id),
  constraint export_schedule_destination_id_fkey foreign key (org_id, id)
    references export_schedule (org_id, id) on delete cascade,
  constraint export_schedule_destination_ids_fkey foreign key (org_id, destination_id)
    references export_destination (org_id, id)
);
create index export_schedule_destination_destination_id_idx
  on export_schedule_destination (org_id, destination_id);

create table export_job (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  -- Jobs outlive their schedule.
  schedule_id uuid,
  source_type text not null,
  status text not null,
  started_at timestamptz,
  finished_at timestamptz,
  -- How often it was tried in vain.
  failures integer not null,
  request jsonb not null,
  -- What can be downloaded; empty once it has been removed.
  files jsonb not null,
  primary key (org_id, id)
);
create index export_job_page_idx on export_job (org_id, dt_created desc, id desc);
create index export_job_schedule_id_idx on export_job (org_id, schedule_id, dt_created desc, id desc)
  where schedule_id is not null;
create index export_job_finished_at_idx on export_job (finished_at) where files <> '[]';
