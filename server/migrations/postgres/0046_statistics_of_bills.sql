-- These tables grow with every bill and are always read by an index, so the planner needs to know little of them.
-- By default it takes 30,000 wide rows of each time and again and sorts every column of them.
do $$
declare
  columns record;
begin
  for columns in
    select a.attrelid::regclass as name, a.attname as column_name,
      exists (select from pg_index i where i.indrelid = a.attrelid and a.attnum = any(i.indkey)) as is_indexed
    from pg_attribute a
    where a.attnum > 0 and not a.attisdropped and a.attrelid = any(array['bill', 'bill_line_item',
      'bill_fact_set', 'bill_manifest', 'bill_job_bill', 'audit_entry', 'event', 'alert']::regclass[])
  loop
    execute format('alter table %s alter column %I set statistics %s',
      columns.name, columns.column_name, case when columns.is_indexed then 20 else 0 end);
  end loop;
end $$;
