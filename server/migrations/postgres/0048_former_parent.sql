-- Bills of a former parent still say what an account was charged (spec 40 §5.3), and those of a former child what its
-- parent's plans were. Which accounts that concerns is noted whenever an account leaves its parent.
create table former_parent (
  org_id uuid not null,
  account_id uuid not null,
  parent_account_id uuid not null,
  primary key (org_id, account_id, parent_account_id),
  constraint former_parent_account_id_fkey foreign key (org_id, account_id)
    references account (org_id, id) on delete cascade,
  constraint former_parent_parent_account_id_fkey foreign key (org_id, parent_account_id)
    references account (org_id, id) on delete cascade
);
create index former_parent_parent_account_id_idx on former_parent (org_id, parent_account_id);

create function keep_former_parent() returns trigger language plpgsql as $$
begin
  insert into former_parent values (old.org_id, old.id, old.parent_account_id) on conflict do nothing;
  return null;
end $$;
create trigger account_former_parent after update of parent_account_id on account
  for each row when (old.parent_account_id is not null and old.parent_account_id is distinct from new.parent_account_id)
  execute function keep_former_parent();

insert into former_parent
select distinct p.org_id, p.id, b.account_id
from bill b
  cross join lateral jsonb_array_elements(b.periods) part
  join account_plan ap on ap.org_id = b.org_id and ap.id = (part ->> 'accountPlanId')::uuid
  join account p on p.org_id = ap.org_id and p.id = ap.account_id
where p.id <> b.account_id and p.parent_account_id is distinct from b.account_id;

create or replace function refuse_locked_account_plan() returns trigger language plpgsql as $$
begin
  if exists (
    select from bill b join bill_config c on c.org_id = b.org_id
    where b.org_id = old.org_id
      and b.account_id in (
        select unnest(array[a.id, a.parent_account_id]) from account a
        where a.org_id = old.org_id and a.id = old.account_id
        union all
        select parent_account_id from former_parent where org_id = old.org_id and account_id = old.account_id)
      and (b.dt_locked is not null or b.end_date <= c.bill_lock_date)
      and b.periods @> jsonb_build_array(jsonb_build_object('accountPlanId', old.id))
  ) or exists (
    select from bill b
      join bill_config c on c.org_id = b.org_id
      join bill_line_item l on l.org_id = b.org_id and l.bill_id = b.id
    where b.org_id = old.org_id
      and b.account_id in (
        select id from account where org_id = old.org_id and parent_account_id = old.account_id
        union all
        select account_id from former_parent where org_id = old.org_id and parent_account_id = old.account_id)
      and (b.dt_locked is not null or b.end_date <= c.bill_lock_date)
      and l.reason ->> 'accountPlanId' = old.id::text
  ) then
    raise exception using errcode = 'foreign_key_violation', constraint = 'bill_periods_account_plan_id_fkey',
      message = 'the account plan is on a locked bill';
  end if;
  return old;
end $$;
