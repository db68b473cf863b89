-- Every movement of money on a balance, in the order in which it happened. Rows are only ever added, by the triggers
-- below and in the statement that changes balance_transaction, so that the two always say the same: a bill that is
-- calculated again gives back what it drew (RELEASE) and draws anew (DRAW).
create table balance_movement (
  org_id uuid not null,
  id uuid not null default gen_random_uuid(),
  sequence bigint generated always as identity,
  dt_created timestamptz not null,
  created_by uuid not null,
  balance_id uuid not null,
  amount numeric not null,
  -- TRANSACTION (people and API clients), SCHEDULE, DRAW or RELEASE.
  cause text not null,
  -- From when on it counts in what the balance holds.
  effective_date timestamptz not null,
  transaction_id uuid not null,
  -- The user, the schedule or the bill behind it.
  entity_id uuid not null,
  phase text,
  primary key (org_id, id),
  constraint balance_movement_cause_check check (cause in ('TRANSACTION', 'SCHEDULE', 'DRAW', 'RELEASE')),
  constraint balance_movement_balance_id_fkey foreign key (org_id, balance_id)
    references balance (org_id, id) on delete cascade
);
create index balance_movement_page_idx
  on balance_movement (org_id, balance_id, effective_date, sequence) include (amount);

insert into balance_movement (org_id, dt_created, created_by, balance_id, amount, cause, effective_date,
  transaction_id, entity_id, phase)
select org_id, dt_created, created_by, balance_id, amount,
  case entity_type when 'BILL' then 'DRAW' when 'SCHEDULER' then 'SCHEDULE' else 'TRANSACTION' end,
  greatest(applied_date, dt_created), id, entity_id, phase
from balance_transaction order by dt_created, id;

-- What is taken back was written at a time that the row does not know any more: the writer's, else the clock's.
create function movement_time() returns timestamptz language sql stable as $$
  select coalesce(nullif(current_setting('meterbook.now', true), '')::timestamptz, now())
$$;

create function record_new_movements() returns trigger language plpgsql as $$
begin
  insert into balance_movement (org_id, dt_created, created_by, balance_id, amount, cause, effective_date,
    transaction_id, entity_id, phase)
  select n.org_id, n.dt_created, n.created_by, n.balance_id, n.amount,
    case n.entity_type when 'BILL' then 'DRAW' when 'SCHEDULER' then 'SCHEDULE' else 'TRANSACTION' end,
    greatest(n.applied_date, n.dt_created), n.id, n.entity_id, n.phase
  from new_row n order by n.applied_date, n.id;
  return null;
end $$;

create function record_changed_movements() returns trigger language plpgsql as $$
begin
  insert into balance_movement (org_id, dt_created, created_by, balance_id, amount, cause, effective_date,
    transaction_id, entity_id, phase)
  select n.org_id, n.dt_last_modified, n.last_modified_by, n.balance_id, part.amount, part.cause,
    greatest(n.applied_date, n.dt_last_modified), n.id, n.entity_id, n.phase
  from new_row n join old_row o on o.org_id = n.org_id and o.id = n.id
  cross join lateral (values (1, 'RELEASE', -o.amount), (2, 'DRAW', n.amount)) as part (place, cause, amount)
  where n.amount <> o.amount order by n.id, part.place;
  return null;
end $$;

-- With its balance everything goes; there is nothing left to tell of then.
create function record_gone_movements() returns trigger language plpgsql as $$
begin
  insert into balance_movement (org_id, dt_created, created_by, balance_id, amount, cause, effective_date,
    transaction_id, entity_id, phase)
  select o.org_id, movement_time(), o.last_modified_by, o.balance_id, -o.amount, 'RELEASE',
    greatest(o.applied_date, movement_time()), o.id, o.entity_id, o.phase
  from old_row o
  where exists (select from balance b where b.org_id = o.org_id and b.id = o.balance_id)
  order by o.id;
  return null;
end $$;

create trigger balance_transaction_made after insert on balance_transaction
  referencing new table as new_row for each statement execute function record_new_movements();
create trigger balance_transaction_changed after update on balance_transaction
  referencing new table as new_row old table as old_row
  for each statement execute function record_changed_movements();
create trigger balance_transaction_gone after delete on balance_transaction
  referencing old table as old_row for each statement execute function record_gone_movements();

create function refuse_changed_movement() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and not exists (
    select from balance b where b.org_id = old.org_id and b.id = old.balance_id
  ) then
    return old;
  end if;
  raise exception 'movements of a balance are never changed';
end $$;

create trigger balance_movement_stays before update or delete on balance_movement
  for each row execute function refuse_changed_movement();
