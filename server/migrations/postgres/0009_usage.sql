-- The durable inbox: a measurement is accepted once its batch is committed here. `insert_id` groups the batches
-- that are enriched and stored together; it is set when a worker takes them and names their rows in ClickHouse.
create table measurement_batch (
  id uuid primary key,
  org_id uuid not null references organization (id),
  received_at timestamptz not null,
  source text not null,
  measurement_count integer not null,
  insert_id uuid,
  body text not null
);
alter table measurement_batch alter column body set storage external;
create index measurement_batch_waiting_idx on measurement_batch (id) where insert_id is null;
create index measurement_batch_insert_id_idx on measurement_batch (insert_id) where insert_id is not null;

-- Uids in their 35 days; `uid_hash` is made of organization and uid (spec 20 §7.6).
create table measurement_uid (
  uid_hash uuid primary key,
  insert_id uuid not null,
  received_at timestamptz not null
);
create index measurement_uid_received_at_idx on measurement_uid using brin (received_at);

-- Measurements that could not be stored, whole as they were submitted, for the failed-ingest download.
create table failed_measurement (
  org_id uuid not null references organization (id),
  id uuid not null,
  received_at timestamptz not null,
  document jsonb not null,
  primary key (org_id, id)
);

-- Codes that are equal but for letter case, in any script (spec 20 §7.7).
create index account_folded_code_idx on account (org_id, lower(upper(code collate "und-x-icu")));
