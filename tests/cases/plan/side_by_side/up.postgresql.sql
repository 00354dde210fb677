-- step 1: order: rename total to amount; add currency
ALTER TABLE "order" RENAME COLUMN total TO amount;
ALTER TABLE "order" RENAME CONSTRAINT order_total_check TO order_amount_check;
ALTER TABLE "order" ADD COLUMN currency text COLLATE "C" DEFAULT 'EUR' NOT NULL;
ALTER TABLE "order" ADD CONSTRAINT order_currency_check CHECK (char_length(currency) <= 3) NOT VALID;

-- step 2: order: every row is seen to satisfy order_currency_check
ALTER TABLE "order" VALIDATE CONSTRAINT order_currency_check;
