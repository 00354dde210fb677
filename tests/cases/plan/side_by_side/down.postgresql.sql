-- step 1: order: rename amount to total; drop currency
ALTER TABLE "order" RENAME COLUMN amount TO total;
ALTER TABLE "order" RENAME CONSTRAINT order_amount_check TO order_total_check;
ALTER TABLE "order" DROP CONSTRAINT order_currency_check;
ALTER TABLE "order" DROP COLUMN currency;
