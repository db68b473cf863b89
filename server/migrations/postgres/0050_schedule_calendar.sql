-- The zone and the epochs that next_run was counted by: once the organization has others, it is counted again.
alter table balance_transaction_schedule add column counted_by text;
alter table balance_charge_schedule add column counted_by text;
