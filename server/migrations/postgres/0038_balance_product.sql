-- The products that a balance is for, again, since a list inside of a row cannot refer to anything: a product that is
-- named here cannot be deleted.
create table balance_product (
  org_id uuid not null,
  id uuid not null,
  product_id uuid not null,
  primary key (org_id, id, product_id),
  constraint balance_product_id_fkey foreign key (org_id, id) references balance (org_id, id) on delete cascade,
  constraint balance_product_product_id_fkey foreign key (org_id, product_id) references product (org_id, id)
);
create index balance_product_product_id_idx on balance_product (org_id, product_id);

create function keep_balance_products() returns trigger language plpgsql as $$
begin
  delete from balance_product where org_id = new.org_id and id = new.id;
  insert into balance_product (org_id, id, product_id)
  select new.org_id, new.id, p.id from product p
  where p.org_id = new.org_id
    and p.id in (select named::uuid from jsonb_array_elements_text(new.product_ids) named);
  return new;
end $$;

create trigger balance_products after insert or update of product_ids on balance
  for each row execute function keep_balance_products();

-- Products that have been deleted meanwhile are left out.
insert into balance_product (org_id, id, product_id)
select distinct b.org_id, b.id, p.id
from balance b cross join jsonb_array_elements_text(b.product_ids) named
join product p on p.org_id = b.org_id and p.id = named::uuid;
