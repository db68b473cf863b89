-- Beside clickhouse/0001_measurement.sql: the same columns, kept by every replica of a shard. {{cluster}} is the
-- value of METERBOOK_CLICKHOUSE_CLUSTER; {shard} and {replica} are macros of each server.
-- A group whose insert reached some shards only is inserted again. Its token keeps most repetitions out; one that
-- it does not (the first answer came late) is the same row by batch and position, and is replaced.
create table if not exists measurement_local on cluster {{cluster}} (
  org_id UUID,
  meter_id UUID,
  account_id UUID,
  ts DateTime64(3, 'UTC'),
  ets Nullable(DateTime64(3, 'UTC')),
  received_at DateTime64(6, 'UTC'),
  uid String,
  insert_id UUID,
  batch_id UUID,
  position UInt32,
  source LowCardinality(String),
  measures Map(LowCardinality(String), Decimal(76, 34)),
  dimensions Map(LowCardinality(String), String),
  failed_fields Array(LowCardinality(String)),
  undeclared String,
  index insert_id_index insert_id type bloom_filter granularity 4
) engine = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')
partition by toYear(ts)
primary key (org_id, meter_id, account_id, ts)
order by (org_id, meter_id, account_id, ts, batch_id, position)
settings replicated_deduplication_window = 10000, replicated_deduplication_window_seconds = 604800,
  fsync_after_insert = 1, fsync_part_directory = 1;

-- All usage of an account lies on one shard, so that what is grouped by account is grouped there.
create table if not exists measurement on cluster {{cluster}} as measurement_local
engine = Distributed({{cluster}}, currentDatabase(), measurement_local, cityHash64(account_id));
