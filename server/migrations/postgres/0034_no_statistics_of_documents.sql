-- Nobody filters by these documents, and sampling them is most of the work of ANALYZE.
alter table bill_line_item
  alter column reason set statistics 0,
  alter column usage_per_pricing_band set statistics 0;
alter table bill alter column stamp set statistics 0, alter column periods set statistics 0;
alter table event alter column m3ter_event set statistics 0;
alter table audit_entry alter column before set statistics 0, alter column after set statistics 0;
alter table bill_fact_set alter column content set statistics 0;
