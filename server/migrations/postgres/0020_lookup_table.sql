-- Lookup tables: rows that calculations of derived fields read.

create table lookup_table (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  name text not null,
  code text not null,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint lookup_table_code_key unique (org_id, code)
);
create index lookup_table_page_idx on lookup_table (org_id, dt_created desc, id desc);

create table lookup_table_revision (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  lookup_table_id uuid not null,
  name text not null,
  status text not null,
  start_date timestamptz,
  -- [{name, type}] and the names of the key fields in the order of the key arguments.
  fields jsonb not null,
  keys jsonb not null,
  custom_fields jsonb not null,
  primary key (org_id, id),
  constraint lookup_table_revision_lookup_table_id_fkey foreign key (org_id, lookup_table_id)
    references lookup_table (org_id, id) on delete cascade
);
create index lookup_table_revision_page_idx
  on lookup_table_revision (org_id, lookup_table_id, dt_created desc, id desc);
-- Calculations read the one revision that is published.
create unique index lookup_table_revision_published_key
  on lookup_table_revision (org_id, lookup_table_id) where status = 'PUBLISHED';

-- Who wrote the rows of a revision last; their version is not the revision's.
create table lookup_table_write (
  org_id uuid not null,
  revision_id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  primary key (org_id, revision_id),
  constraint lookup_table_write_revision_id_fkey foreign key (org_id, revision_id)
    references lookup_table_revision (org_id, id) on delete cascade
);

create table lookup_table_item (
  org_id uuid not null,
  revision_id uuid not null,
  -- SHA-256 of the key values in their order: keys may be longer than an index entry.
  key_hash text not null,
  -- As paths spell it: percent-encoded key values, joined by commas.
  lookup_key text not null,
  item jsonb not null,
  primary key (org_id, revision_id, key_hash),
  constraint lookup_table_item_revision_id_fkey foreign key (org_id, revision_id)
    references lookup_table_revision (org_id, id) on delete cascade
);
