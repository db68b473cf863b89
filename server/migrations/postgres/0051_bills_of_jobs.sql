-- The bills of a job were a row each, with an index entry and a check of the job each: one list for each batch takes a
-- fortieth of the time. Jobs are never deleted, so units need no check of theirs either.
create table bill_job_batch (
  org_id uuid not null,
  bill_job_id uuid not null,
  -- Written by the job, also those that a later job has calculated since or that are deleted.
  bill_ids uuid[] not null,
  constraint bill_job_batch_bill_job_id_fkey foreign key (org_id, bill_job_id) references bill_job (org_id, id)
);
create index bill_job_batch_bill_job_id_idx on bill_job_batch (org_id, bill_job_id);

insert into bill_job_batch (org_id, bill_job_id, bill_ids)
select org_id, bill_job_id, array_agg(bill_id order by bill_id) from bill_job_bill group by org_id, bill_job_id;

drop table bill_job_bill;

alter table bill_job_unit drop constraint bill_job_unit_bill_job_id_fkey;
