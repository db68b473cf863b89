-- What a currency leaves open is filled in where it is used.
alter table currency alter column max_decimal_places drop not null, alter column rounding_mode drop not null;
