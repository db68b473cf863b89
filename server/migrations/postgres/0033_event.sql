-- The same answers as before from functions whose statements are planned once per session: every event of every
-- write passes through them.
create or replace function uuid_from_text(given text) returns uuid language plpgsql immutable parallel safe as $$
begin
  if given ~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then
    return given::uuid;
  end if;
  return null;
end $$;

create or replace function principal_in_event(org uuid, principal text) returns text language plpgsql stable as $$
declare
  own_id uuid := uuid_from_text(principal);
begin
  if own_id is null then
    return principal;
  elsif principal = '00000000-0000-0000-0000-000000000000' then
    return 'SYSTEM';
  elsif exists (select from service_user s where s.org_id = org and s.id = own_id) then
    return 'SERVICEUSER_' || principal;
  end if;
  return 'USER_' || principal;
end $$;

create or replace function entity_in_event(org uuid, entity jsonb) returns jsonb language plpgsql stable as $$
declare
  shown jsonb := entity;
  of_account uuid;
  creator text;
begin
  if entity ? 'accountId' and not entity ? 'accountCode' then
    of_account := uuid_from_text(entity ->> 'accountId');
    shown := shown || jsonb_strip_nulls(jsonb_build_object('accountCode',
      (select a.code from account a where a.org_id = org and a.id = of_account)));
  end if;
  if entity ? 'createdBy' then
    creator := principal_in_event(org, entity ->> 'createdBy');
    shown := shown || jsonb_strip_nulls(jsonb_build_object('createdBy', creator, 'lastModifiedBy',
      case when entity ->> 'lastModifiedBy' = entity ->> 'createdBy' then creator
        else principal_in_event(org, entity ->> 'lastModifiedBy') end));
  end if;
  return shown;
end $$;
