-- Measurements that came before this moment had been stored when the bill was calculated. Those that waited in the
-- inbox then came at it or after; null for bills whose calculation did not note it.
alter table bill_manifest add column measured_before timestamptz;

-- The measurements of an organization that have waited longest.
create index measurement_batch_received_at_idx on measurement_batch (org_id, received_at);
