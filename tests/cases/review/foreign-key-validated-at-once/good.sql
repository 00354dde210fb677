SET lock_timeout = '2s';
ALTER TABLE orders ADD CONSTRAINT f FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT f;
ALTER TABLE orders ADD COLUMN shop_id bigint REFERENCES shops (id);
