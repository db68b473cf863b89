create table usage_saved_query (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  usage_query jsonb not null,
  primary key (org_id, id)
);
create index usage_saved_query_page_idx on usage_saved_query (org_id, dt_created desc, id desc);
