UPDATE orders SET status = 'new' WHERE id BETWEEN 1 AND 1000;
UPDATE orders SET status = 'new' WHERE id IN (SELECT id FROM orders WHERE status IS NULL LIMIT 1000);
DELETE FROM settings WHERE key = 'x';
WITH todo AS (SELECT id FROM orders WHERE status IS NULL LIMIT 1000)
UPDATE orders SET status = 'new' FROM todo WHERE orders.id = todo.id;
WITH gone AS (DELETE FROM orders WHERE id < 1000 RETURNING *) INSERT INTO old_orders SELECT * FROM gone;
