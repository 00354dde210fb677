-- step 1: create worker
CREATE TABLE worker (
    id INTEGER NOT NULL CONSTRAINT worker_pkey PRIMARY KEY AUTOINCREMENT,
    badge TEXT NOT NULL,
    pin TEXT NOT NULL,
    manager INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT worker_badge_check CHECK (length(badge) <= 255),
    CONSTRAINT worker_manager_check CHECK (manager IN (0, 1))
) STRICT;
CREATE UNIQUE INDEX worker_badge_key ON worker (badge);

-- step 2: create product
CREATE TABLE product (
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    price INTEGER NOT NULL,
    weight_grams INTEGER,
    discontinued INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT product_pkey PRIMARY KEY (sku),
    CONSTRAINT product_sku_check CHECK (length(sku) <= 255),
    CONSTRAINT product_name_check CHECK (length(name) >= 1 AND length(name) <= 120),
    CONSTRAINT product_price_check CHECK (price >= 0 AND price <= 999999999999999999),
    CONSTRAINT product_weight_grams_check CHECK (weight_grams >= 0),
    CONSTRAINT product_discontinued_check CHECK (discontinued IN (0, 1))
) STRICT;

-- step 3: create bin
CREATE TABLE bin (
    code TEXT NOT NULL,
    aisle TEXT NOT NULL,
    shelf INTEGER NOT NULL,
    CONSTRAINT bin_pkey PRIMARY KEY (code),
    CONSTRAINT bin_aisle_check CHECK (length(aisle) <= 10),
    CONSTRAINT bin_shelf_check CHECK (shelf >= 1 AND shelf <= 50)
) STRICT;
CREATE UNIQUE INDEX bin_aisle_shelf_key ON bin (aisle, shelf);

-- step 4: create stock
CREATE TABLE stock (
    product_id TEXT NOT NULL,
    bin_id TEXT NOT NULL,
    quantity INTEGER DEFAULT 0 NOT NULL,
    reserved INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT stock_pkey PRIMARY KEY (product_id, bin_id),
    CONSTRAINT stock_must_enough_check CHECK (quantity >= 0),
    CONSTRAINT stock_must_covered_check CHECK (reserved >= 0 AND reserved <= quantity),
    CONSTRAINT stock_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (sku) ON DELETE RESTRICT,
    CONSTRAINT stock_bin_id_fkey FOREIGN KEY (bin_id) REFERENCES bin (code) ON DELETE RESTRICT
) STRICT;
CREATE INDEX stock_bin_id_idx ON stock (bin_id);

-- step 5: create movement
CREATE TABLE movement (
    id INTEGER NOT NULL CONSTRAINT movement_pkey PRIMARY KEY AUTOINCREMENT,
    product_id TEXT NOT NULL,
    bin_id TEXT NOT NULL,
    change INTEGER NOT NULL,
    worker_id INTEGER NOT NULL,
    at TEXT NOT NULL,
    CONSTRAINT movement_product_id_fkey FOREIGN KEY (product_id) REFERENCES product (sku) ON DELETE RESTRICT,
    CONSTRAINT movement_bin_id_fkey FOREIGN KEY (bin_id) REFERENCES bin (code) ON DELETE RESTRICT,
    CONSTRAINT movement_worker_id_fkey FOREIGN KEY (worker_id) REFERENCES worker (id) ON DELETE RESTRICT
) STRICT;
CREATE INDEX movement_product_id_at_idx ON movement (product_id, at DESC);
CREATE INDEX movement_bin_id_idx ON movement (bin_id);
CREATE INDEX movement_worker_id_idx ON movement (worker_id);
