create table webhook (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  description text not null,
  code text,
  url text not null,
  active boolean not null,
  -- Id, name, destination and key of the credentials, and their secret sealed with the installation's key.
  stored_credentials jsonb not null,
  primary key (org_id, id),
  constraint webhook_code_key unique (org_id, code)
);
create index webhook_page_idx on webhook (org_id, dt_created desc, id desc);

create table notification (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  description text not null,
  code text not null,
  event_name text not null,
  active boolean not null,
  always_fire_event boolean not null,
  calculation text,
  primary key (org_id, id),
  constraint notification_code_key unique (org_id, code)
);
create index notification_page_idx on notification (org_id, dt_created desc, id desc);
create index notification_event_name_idx on notification (org_id, event_name) where active;

create table integration_credentials (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  type text not null,
  name text,
  destination text,
  destination_id text,
  -- The secrets of the type as JSON, sealed with the secret key of the installation.
  sealed_secrets text not null,
  primary key (org_id, id)
);
create index integration_credentials_page_idx
  on integration_credentials (org_id, dt_created desc, id desc);

create table integration_config (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  entity_type text not null,
  entity_id text,
  destination text not null,
  destination_id text,
  -- Not jsonb: answered as it was sent, properties in their order.
  config_data json not null,
  name text,
  integration_credentials_id uuid,
  -- The ids of entity and destination again where they are of ours, so that neither can be deleted.
  notification_id uuid,
  webhook_id uuid,
  enabled boolean not null,
  authorized boolean not null,
  trigger_type text not null,
  primary key (org_id, id),
  constraint integration_config_entity_type__destination_key
    unique nulls not distinct
    (org_id, entity_type, entity_id, destination, destination_id, integration_credentials_id),
  constraint integration_config_integration_credentials_id_fkey
    foreign key (org_id, integration_credentials_id) references integration_credentials (org_id, id),
  constraint integration_config_entity_id_fkey
    foreign key (org_id, notification_id) references notification (org_id, id),
  constraint integration_config_destination_id_fkey
    foreign key (org_id, webhook_id) references webhook (org_id, id)
);
create index integration_config_page_idx on integration_config (org_id, dt_created desc, id desc);
create index integration_config_destination_id_idx on integration_config (org_id, destination_id);
create index integration_config_webhook_id_idx
  on integration_config (org_id, webhook_id) where webhook_id is not null;
create index integration_config_integration_credentials_id_idx
  on integration_config (org_id, integration_credentials_id);
create index integration_config_notification_id_idx
  on integration_config (org_id, notification_id) where notification_id is not null;
