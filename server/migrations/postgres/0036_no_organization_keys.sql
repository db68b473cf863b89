-- The check of each such key locks the row of the organization, so all writes of an organization met at one row and
-- PostgreSQL wrote a multixact for most of them: a fifth of the time of a write. Organizations are never deleted, and
-- the id of every write comes from a token of an existing one (decision 0027).
do $$
declare
  key record;
begin
  for key in
    select conrelid::regclass as referencing, conname from pg_constraint
    where contype = 'f' and confrelid = 'organization'::regclass and cardinality(conkey) = 1
  loop
    execute format('alter table %s drop constraint %I', key.referencing, key.conname);
  end loop;
end $$;
