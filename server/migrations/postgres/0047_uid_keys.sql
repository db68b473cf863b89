-- The index over uids takes a key of 64 bits; the other 64 bits of their hash stand in the row. `displaced` is set
-- where the halves have changed places, because the key belonged to another uid (`uid-claims.ts`).
create table measurement_uid_by_key (
  uid_key bigint primary key,
  uid_rest bigint not null,
  insert_id uuid not null,
  received_at timestamptz not null,
  displaced boolean
);

insert into measurement_uid_by_key (uid_key, uid_rest, insert_id, received_at, displaced)
  select case nth when 1 then key else rest end, case nth when 1 then rest else key end, insert_id, received_at,
    nullif(nth > 1, false)
  from (
    select *, row_number() over (partition by key order by rest) as nth
    from (
      select ('x' || left(hash, 16))::bit(64)::bigint as key, ('x' || right(hash, 16))::bit(64)::bigint as rest,
        insert_id, received_at
      from (select replace(uid_hash::text, '-', '') as hash, insert_id, received_at from measurement_uid) as given
    ) as halved
  ) as numbered;

drop table measurement_uid;
alter table measurement_uid_by_key rename to measurement_uid;
alter index measurement_uid_by_key_pkey rename to measurement_uid_pkey;

create index measurement_uid_displaced_idx on measurement_uid (uid_rest) where displaced;
