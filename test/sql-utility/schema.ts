// The schema that the statements of these tests are about.
export const ddl = `
  CREATE TABLE customers (id int PRIMARY KEY, email text UNIQUE, name text, initial text GENERATED ALWAYS AS (substr(name, 1, 1)) STORED);
  CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES customers, total numeric(10, 2));
  CREATE TABLE lines (id int, "order" int REFERENCES orders);
  CREATE TABLE events (id int, day date) PARTITION BY RANGE (day); CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE VIEW contact AS SELECT id, email FROM customers; CREATE MATERIALIZED VIEW stored AS SELECT count(*) FROM customers; CREATE INDEX by_name ON customers (name); CREATE SEQUENCE numbers;
  CREATE DOMAIN mail AS text; CREATE TABLE mails (m mail); CREATE TYPE pair AS (a int, b int); CREATE SCHEMA shop; CREATE TABLE shop.boxes (x int); CREATE SEQUENCE shop.s;
  CREATE FUNCTION risky() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END'; CREATE PROCEDURE work(INOUT a int) LANGUAGE plpgsql AS 'BEGIN END';
  CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TABLE parent (id int);`;
