-- Events and audit rows are written with every change and read whole: as json their text is kept as it came, where
-- jsonb takes it apart and PostgreSQL's own compression, without lz4, costs as much again.
alter table event alter column m3ter_event type json;
alter table audit_entry alter column before type json, alter column after type json;
do $$ begin
  alter table event alter column m3ter_event set compression lz4;
  alter table audit_entry alter column before set compression lz4, alter column after set compression lz4;
exception when feature_not_supported then
  alter table event alter column m3ter_event set storage external;
  alter table audit_entry alter column before set storage external, alter column after set storage external;
end $$;
alter table event alter column m3ter_event set statistics 0;
alter table audit_entry alter column before set statistics 0, alter column after set statistics 0;
