UPDATE orders SET status = 'new' WHERE id BETWEEN 1 AND 1000;
UPDATE orders SET status = 'new' WHERE id IN (SELECT id FROM orders WHERE status IS NULL LIMIT 1000);
DELETE FROM settings WHERE key = 'x';
