create table if not exists measurement (
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
) engine = MergeTree
partition by toYear(ts)
order by (org_id, meter_id, account_id, ts)
-- Batches leave the inbox once their rows are here, so rows must survive a power failure too.
settings non_replicated_deduplication_window = 10000, fsync_after_insert = 1, fsync_part_directory = 1;
