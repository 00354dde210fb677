-- backwright: ignore[MG402] ten rows
UPDATE orders SET a = 1;
UPDATE orders SET a = 1; -- backwright: ignore[backfill-without-batches] ten rows
