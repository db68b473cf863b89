create table statement_definition (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text,
  aggregation_frequency text not null,
  include_price_per_unit boolean not null,
  generate_slim_statements boolean not null,
  dimensions jsonb not null,
  measures jsonb not null,
  primary key (org_id, id)
);
create index statement_definition_page_idx on statement_definition (org_id, dt_created desc, id desc);

alter table account add constraint account_statement_definition_id_fkey
  foreign key (org_id, statement_definition_id) references statement_definition (org_id, id);
create index account_statement_definition_id_idx on account (org_id, statement_definition_id)
  where statement_definition_id is not null;

alter table organization_config add constraint organization_config_default_statement_definition_id_fkey
  foreign key (org_id, default_statement_definition_id) references statement_definition (org_id, id);
