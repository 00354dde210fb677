SET lock_timeout = '2s';
WITH gone AS MATERIALIZED (DELETE FROM berths RETURNING *)
INSERT INTO former_berths SELECT * FROM gone WHERE id > 0;
