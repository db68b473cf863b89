-- The time of its schedule at which a job runs; null for jobs that somebody ordered. One job for each time.
alter table bill_job add column scheduled_at timestamptz;
alter table bill_job add constraint bill_job_scheduled_at_key unique (org_id, scheduled_at);
