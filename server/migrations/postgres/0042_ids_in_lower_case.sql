-- UUIDs in columns of free text are compared as text, so they are in lower case like all others. Rows that would
-- become the same as another one stay as they are.
update integration_config c set entity_id = lower(entity_id)
where entity_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and entity_id <> lower(entity_id)
  and not exists (select from integration_config t where t.org_id = c.org_id and t.id <> c.id
    and t.entity_type = c.entity_type and lower(t.entity_id) = lower(c.entity_id)
    and t.destination = c.destination and t.destination_id is not distinct from c.destination_id
    and t.integration_credentials_id is not distinct from c.integration_credentials_id);
update integration_config c set destination_id = lower(destination_id)
where destination_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and destination_id <> lower(destination_id)
  and not exists (select from integration_config t where t.org_id = c.org_id and t.id <> c.id
    and t.entity_type = c.entity_type and t.entity_id is not distinct from c.entity_id
    and t.destination = c.destination and lower(t.destination_id) = lower(c.destination_id)
    and t.integration_credentials_id is not distinct from c.integration_credentials_id);
update integration_run set destination_id = lower(destination_id)
where destination_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and destination_id <> lower(destination_id);
update external_mapping m set m3ter_id = lower(m3ter_id)
where m3ter_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' and m3ter_id <> lower(m3ter_id)
  and not exists (select from external_mapping t where t.org_id = m.org_id and t.id <> m.id
    and t.m3ter_entity = m.m3ter_entity and lower(t.m3ter_id) = lower(m.m3ter_id)
    and t.external_system = m.external_system and t.external_table = m.external_table
    and t.integration_config_id is not distinct from m.integration_config_id);

-- Marketplaces are told of usage by the hour.
update integration_config set trigger_type = 'SCHEDULE' where destination = 'AWS';
