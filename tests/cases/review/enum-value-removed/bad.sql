SET lock_timeout = '2s';
ALTER TYPE mood RENAME TO mood_old;
CREATE TYPE mood AS ENUM ('ok');
