-- Bodies of events and entities are written with every change: the faster compression where this PostgreSQL has it.
do $$ begin
  alter table event alter column m3ter_event set compression lz4;
  alter table audit_entry alter column before set compression lz4;
  alter table audit_entry alter column after set compression lz4;
exception when feature_not_supported then null;
end $$;
