SET lock_timeout = '2s';
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE orders FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON orders USING (owner_id = current_setting('app.caller')::uuid);
CREATE POLICY there ON orders AS RESTRICTIVE USING (true);
GRANT SELECT ON orders TO reporting;
REVOKE ALL ON orders FROM PUBLIC;
CREATE ROLE reporting NOBYPASSRLS LOGIN;
