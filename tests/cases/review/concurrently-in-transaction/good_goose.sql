-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY i ON orders (status);
-- +goose Down
DROP INDEX i;
