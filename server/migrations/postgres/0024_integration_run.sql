-- Which id another system knows one of our entities by.
create table external_mapping (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  m3ter_entity text not null,
  m3ter_id text not null,
  external_system text not null,
  external_table text not null,
  external_id text not null,
  integration_config_id uuid,
  primary key (org_id, id),
  constraint external_mapping_m3ter_entity__m3ter_id_key unique nulls not distinct
    (org_id, m3ter_entity, m3ter_id, external_system, external_table, integration_config_id),
  constraint external_mapping_external_table__external_id_key unique nulls not distinct
    (org_id, external_system, external_table, external_id, m3ter_entity, integration_config_id),
  constraint external_mapping_integration_config_id_fkey foreign key (org_id, integration_config_id)
    references integration_config (org_id, id) on delete cascade
);
create index external_mapping_page_idx on external_mapping (org_id, dt_created desc, id desc);
create index external_mapping_m3ter_id_idx on external_mapping (org_id, m3ter_id);
create index external_mapping_integration_config_id_idx on external_mapping (org_id, integration_config_id)
  where integration_config_id is not null;

-- The mappings of an entity end with it. Every delete leaves an audit row, whatever the entity.
create function delete_external_mappings() returns trigger language plpgsql as $$
begin
  with gone as (
    delete from external_mapping m
    where m.org_id = new.org_id and m.m3ter_id = new.entity_id::text
      and lower(m.m3ter_entity) = lower(new.entity_type)
    returning m.*
  )
  insert into audit_entry
    (org_id, id, dt_created, principal_id, request_id, entity_type, entity_id, action, before, after)
  select new.org_id, gen_random_uuid(), new.dt_created, new.principal_id, new.request_id,
    'ExternalMapping', id, 'deleted',
    jsonb_strip_nulls(jsonb_build_object('id', id, 'version', version, 'm3terEntity', m3ter_entity,
      'm3terId', m3ter_id, 'externalSystem', external_system, 'externalTable', external_table,
      'externalId', external_id, 'integrationConfigId', integration_config_id)), null
  from gone;
  return null;
end $$;

create trigger audit_entry_mappings after insert on audit_entry for each row
  when (new.action = 'deleted') execute function delete_external_mappings();

-- Warnings for people.
create table alert (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  type text not null,
  severity text not null,
  status text not null,
  description text not null,
  entity_type text,
  entity_id text,
  -- What it is about, for alerts that count what goes on instead of being raised again.
  dedupe_key text,
  occurrences integer,
  primary key (org_id, id)
);
create index alert_page_idx on alert (org_id, dt_created desc, id desc);
create index alert_dedupe_key_idx on alert (org_id, dedupe_key) where dedupe_key is not null;
create index alert_dt_last_modified_idx on alert (dt_last_modified);

-- An alert is raised by recording that it was: every area can, without knowing who keeps alerts.
create function store_alert() returns trigger language plpgsql as $$
begin
  insert into alert (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
    type, severity, status, description, entity_type, entity_id)
  values (new.org_id, new.entity_id, 1, new.dt_created, new.dt_created, new.principal_id, new.principal_id,
    new.after ->> 'type', new.after ->> 'severity', new.after ->> 'status', new.after ->> 'description',
    new.after ->> 'entityType', new.after ->> 'entityId');
  return null;
end $$;

create trigger audit_entry_alert after insert on audit_entry for each row
  when (new.entity_type = 'Alert' and new.action = 'created') execute function store_alert();

-- Failures since the last complete run; enabling starts anew.
alter table integration_config add column failure_count integer not null default 0;
alter table integration_config add column auth_failure_count integer not null default 0;

-- One attempt series to send one thing to one destination.
create table integration_run (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  entity_type text not null,
  entity_id text not null,
  destination text not null,
  destination_id text,
  status text not null,
  dt_started timestamptz,
  dt_completed timestamptz,
  error text,
  url text,
  external_id text,
  parent_integration_run_id uuid,
  replayed_from_integration_run_id uuid,
  -- No foreign key: runs outlive their configuration.
  integration_config_id uuid not null,
  account_id uuid,
  -- What is to be sent, as far as it is not read when it is sent.
  source jsonb not null,
  -- Attempts that have ended.
  attempts integer not null,
  next_attempt_at timestamptz,
  primary key (org_id, id)
);
create index integration_run_entity_idx on integration_run
  (org_id, entity_type, entity_id, (coalesce(dt_started, dt_created)) desc, id desc);
create index integration_run_destination_idx on integration_run
  (org_id, destination_id, (coalesce(dt_started, dt_created)) desc, id desc);
create index integration_run_config_idx on integration_run (org_id, integration_config_id, id desc);
create index integration_run_dt_created_idx on integration_run (dt_created);
-- What is queued and not started takes newer content over, instead of being sent twice. Each firing of a rule
-- counts, so runs of notifications stay apart.
create unique index integration_run_queued_idx on integration_run
  (org_id, integration_config_id, entity_type, entity_id)
  where status = 'WAITING' and entity_type <> 'Notification' and replayed_from_integration_run_id is null;

create table integration_run_log (
  org_id uuid not null,
  run_id uuid not null,
  attempt integer not null,
  dt_created timestamptz not null,
  -- JSON, one line.
  line text not null,
  primary key (org_id, run_id, attempt),
  constraint integration_run_log_run_id_fkey foreign key (org_id, run_id)
    references integration_run (org_id, id) on delete cascade
);
create index integration_run_log_dt_created_idx on integration_run_log (dt_created);

-- The part of an event's name that stands for the entity type of a configuration.
create function event_noun(entity_type text) returns text language sql immutable parallel safe as $$
  select case lower(entity_type) when 'balancetransaction' then 'balanceamount' else lower(entity_type) end
$$;
create index integration_config_event_noun_idx on integration_config (org_id, event_noun(entity_type))
  where enabled;

-- Events that somebody waits for: rules, integrations, alerts. A row is deleted in the transaction that acts on
-- it, so each event is acted on exactly once, whatever breaks down in between.
create table event_dispatch (
  seq bigint generated always as identity primary key,
  org_id uuid not null,
  event_id uuid not null,
  -- An event that cannot be acted on waits, and lets the others pass.
  attempts integer not null default 0,
  not_before timestamptz
);

create function queue_events() returns trigger language plpgsql as $$
begin
  insert into event_dispatch (org_id, event_id)
  select e.org_id, e.id from added e
  where (e.event_name = 'ingest.validation.failure'
      and e.m3ter_event -> 'eventData' ->> 'type' is distinct from 'DuplicateUid')
    or exists (select from notification n
      where n.org_id = e.org_id and n.event_name = e.event_name and n.active)
    or ((e.event_name like 'billing.%' or e.event_name like 'configuration.%')
      and exists (select from integration_config c
        where c.org_id = e.org_id and c.enabled
          and event_noun(c.entity_type) = split_part(e.event_name, '.', 2)))
  order by e.id;
  return null;
end $$;

create trigger event_queued after insert on event referencing new table as added
  for each statement execute function queue_events();

-- Up to when the dates of entities have been looked at; null = since the configuration exists.
alter table scheduled_event add column checked_until timestamptz;

-- What has fired: once per configuration, entity and value of its field.
create table scheduled_event_firing (
  org_id uuid not null,
  scheduled_event_id uuid not null,
  entity_id uuid not null,
  value text not null,
  primary key (org_id, scheduled_event_id, entity_id, value),
  constraint scheduled_event_firing_scheduled_event_id_fkey foreign key (org_id, scheduled_event_id)
    references scheduled_event (org_id, id) on delete cascade
);
