create index permission_policy_page_idx on permission_policy (org_id, dt_created desc, id desc);
create index service_user_page_idx on service_user (org_id, dt_created desc, id desc);
create index principal_permission_policy_idx on principal_permission (org_id, permission_policy_id);

alter table access_key add column version integer not null default 1;
alter table access_key add column dt_last_modified timestamptz;
alter table access_key add column created_by uuid;
alter table access_key add column last_modified_by uuid;
update access_key set dt_last_modified = dt_created,
  created_by = '00000000-0000-0000-0000-000000000000',
  last_modified_by = '00000000-0000-0000-0000-000000000000';
alter table access_key alter column dt_last_modified set not null;
alter table access_key alter column created_by set not null;
alter table access_key alter column last_modified_by set not null;
create index access_key_page_idx on access_key (org_id, service_user_id, dt_created desc, id desc);

create table resource_group (
  org_id uuid not null references organization (id),
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  -- Resource type of its members, such as `plan`, without the service.
  type text not null,
  name text not null,
  primary key (org_id, id)
);
create index resource_group_page_idx on resource_group (org_id, type, dt_created desc, id desc);

create table resource_group_item (
  org_id uuid not null,
  id uuid not null,
  version integer not null,
  dt_created timestamptz not null,
  dt_last_modified timestamptz not null,
  created_by uuid not null,
  last_modified_by uuid not null,
  resource_group_id uuid not null,
  target_id uuid not null,
  target_type text not null,
  primary key (org_id, id),
  constraint resource_group_item_key unique (org_id, resource_group_id, target_id),
  constraint resource_group_item_resource_group_id_fkey foreign key (org_id, resource_group_id)
    references resource_group (org_id, id) on delete cascade
);
create index resource_group_item_page_idx
  on resource_group_item (org_id, resource_group_id, dt_created desc, id desc);
create index resource_group_item_target_idx on resource_group_item (org_id, target_id);

-- The items of groups and of all groups nested in them.
create function resource_group_members(org uuid, groups uuid[]) returns setof uuid
language sql stable as $$
  with recursive member as (
    select target_id, target_type from resource_group_item
    where org_id = org and resource_group_id = any(groups)
    union
    select inner_item.target_id, inner_item.target_type
    from member join resource_group_item inner_item
      on inner_item.org_id = org and inner_item.resource_group_id = member.target_id
    where member.target_type = 'GROUP'
  )
  select target_id from member where target_type = 'ITEM'
$$;

-- The groups that hold a target, themselves or by nesting.
create function resource_groups_of(org uuid, target uuid) returns setof uuid
language sql stable as $$
  with recursive holder as (
    select resource_group_id from resource_group_item where org_id = org and target_id = target
    union
    select item.resource_group_id
    from holder join resource_group_item item
      on item.org_id = org and item.target_id = holder.resource_group_id and item.target_type = 'GROUP'
  )
  select resource_group_id from holder
$$;

-- Managed policies that later releases of the product added.
insert into permission_policy
  (org_id, id, version, dt_created, dt_last_modified, created_by, last_modified_by,
   name, permission_policy, managed_policy)
select o.id, gen_random_uuid(), 1, now(), now(),
  '00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000', p.name, p.statements, true
from organization o cross join (values
  ('Billing', '[
    {"effect": "allow", "action": ["config:retrieve"], "resource": ["*"]},
    {"effect": "allow", "action": ["config:create", "config:update", "config:delete"],
     "resource": ["billing:*", "config:balance/*", "config:balancetransaction/*", "config:commitment/*",
                  "config:counteradjustment/*", "config:charge/*"]},
    {"effect": "allow", "action": ["analytics:query"], "resource": ["analytics:*"]},
    {"effect": "allow", "action": ["exports:download"], "resource": ["exports:*"]}]'::jsonb),
  ('Measurements Upload', '[
    {"effect": "allow", "action": ["measurements:upload", "measurements:fileupload"],
     "resource": ["measurements:*"]}]'::jsonb)
) as p (name, statements);
