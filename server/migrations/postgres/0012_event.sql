-- The account that an event concerns, as far as its payload says.
alter table event add column account_id uuid;
create index event_event_name_idx on event (org_id, event_name, event_time desc, id desc);
create index event_account_id_idx on event (org_id, account_id, event_time desc, id desc)
  where account_id is not null;
create index event_resource_id_idx on event (org_id, resource_id, event_time desc, id desc)
  where resource_id is not null;

create function uuid_from_text(given text) returns uuid language sql immutable parallel safe as $$
  select case when given ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then given::uuid end
$$;

-- A principal as payloads of events name it: with its kind. Anything but a bare id is left as it is.
create function principal_in_event(org uuid, principal text) returns text language sql stable as $$
  select case
    when uuid_from_text(principal) is null then principal
    when principal = '00000000-0000-0000-0000-000000000000' then 'SYSTEM'
    when exists (select from service_user s where s.org_id = org and s.id = uuid_from_text(principal))
      then 'SERVICEUSER_' || principal
    else 'USER_' || principal
  end
$$;

-- An entity as payloads show it: its answer, with the kinds of its principals and the code of its account.
create function entity_in_event(org uuid, entity jsonb) returns jsonb language sql stable as $$
  select jsonb_strip_nulls(jsonb_build_object('accountCode',
      (select a.code from account a where a.org_id = org and a.id = uuid_from_text(entity ->> 'accountId'))))
    || entity
    || jsonb_strip_nulls(jsonb_build_object(
      'createdBy', principal_in_event(org, entity ->> 'createdBy'),
      'lastModifiedBy', principal_in_event(org, entity ->> 'lastModifiedBy')))
$$;

-- Completes an event on its way in: rules, deliveries and the API see the same, whoever has written it.
create function complete_event() returns trigger language plpgsql as $$
declare
  payload jsonb := new.m3ter_event -> 'eventData';
  entity jsonb := coalesce(payload -> 'newDto', payload -> 'oldDto');
  -- A fired rule repeats the payload of its source.
  source_name text := coalesce(payload -> 'sourceEvent' ->> 'eventName', new.event_name);
  part text;
begin
  foreach part in array array['newDto', 'oldDto'] loop
    if payload ? part then
      payload := jsonb_set(payload, array[part], entity_in_event(new.org_id, payload -> part));
    end if;
  end loop;
  new.m3ter_event := jsonb_set(new.m3ter_event, '{eventData}', payload);
  new.account_id := uuid_from_text(case
    when source_name like 'configuration.account.%' then entity ->> 'id'
    else coalesce(entity ->> 'accountId', payload ->> 'accountId')
  end);
  new.resource_id := coalesce(new.resource_id,
    uuid_from_text(coalesce(entity ->> 'id', payload ->> 'entityId', payload ->> 'jobId')));
  return new;
end $$;

create trigger event_completed before insert on event for each row execute function complete_event();
