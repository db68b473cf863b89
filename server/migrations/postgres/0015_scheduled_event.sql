create table scheduled_event (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  entity text not null,
  field text not null,
  "offset" integer not null,
  primary key (org_id, id),
  constraint scheduled_event_name_key unique (org_id, name)
);
create index scheduled_event_page_idx on scheduled_event (org_id, dt_created desc, id desc);
