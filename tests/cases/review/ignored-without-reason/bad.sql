-- backwright: ignore[MG402]
UPDATE orders SET a = 1;
