CREATE POLICY everything ON orders FOR SELECT USING (true);
