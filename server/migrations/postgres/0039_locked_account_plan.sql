-- An attached plan on a locked bill stays (spec 30 §20), also when that is the bill of a child that only has lines of
-- its parent's plan: the periods of such a bill do not name the plan.
create or replace function refuse_locked_account_plan() returns trigger language plpgsql as $$
begin
  if exists (
    select from bill b join bill_config c on c.org_id = b.org_id
    where b.org_id = old.org_id
      and b.account_id in (
        select unnest(array[a.id, a.parent_account_id]) from account a
        where a.org_id = old.org_id and a.id = old.account_id)
      and (b.dt_locked is not null or b.end_date <= c.bill_lock_date)
      and b.periods @> jsonb_build_array(jsonb_build_object('accountPlanId', old.id))
  ) or exists (
    select from account a
      join bill b on b.org_id = a.org_id and b.account_id = a.id
      join bill_config c on c.org_id = b.org_id
      join bill_line_item l on l.org_id = b.org_id and l.bill_id = b.id
    where a.org_id = old.org_id
      and a.parent_account_id = old.account_id
      and (b.dt_locked is not null or b.end_date <= c.bill_lock_date)
      and l.reason ->> 'accountPlanId' = old.id::text
  ) then
    raise exception using errcode = 'foreign_key_violation', constraint = 'bill_periods_account_plan_id_fkey',
      message = 'the account plan is on a locked bill';
  end if;
  return old;
end $$;
