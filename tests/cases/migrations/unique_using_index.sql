SET lock_timeout = '5s';
ALTER TABLE loans ADD CONSTRAINT loans_code_key UNIQUE USING INDEX loans_code_idx;
