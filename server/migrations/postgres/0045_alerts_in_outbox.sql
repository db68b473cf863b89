-- Alerts are stored by the statement that records them (store/outbox.ts): the trigger took a call of its own for
-- each bill that a job creates.
drop trigger audit_entry_alert on audit_entry;
drop function store_alert();
