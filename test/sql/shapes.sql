-- Every shape of relation that lineage tells apart.
CREATE SCHEMA app;
CREATE SCHEMA other;
CREATE TYPE app.address AS (street text, city text, zip varchar(10));
CREATE TYPE app.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN app.email_address AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE app.customers (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  email text UNIQUE,
  ssn varchar(11),
  phone varchar(20),
  balance numeric(12, 2) DEFAULT 0,
  born date,
  mood app.mood,
  home app.address,
  tags text[],
  profile jsonb,
  notes json,
  mail app.email_address,
  active boolean DEFAULT true,
  created timestamptz DEFAULT now(),
  shout text GENERATED ALWAYS AS (upper(email)) STORED
);
CREATE TABLE app.orders (
  id bigserial PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES app.customers,
  status text NOT NULL DEFAULT 'open',
  total numeric(12, 2),
  placed timestamptz DEFAULT now(),
  UNIQUE (customer_id, placed)
);
CREATE TABLE app.items (order_id bigint, line int, sku text, price numeric(12, 2), PRIMARY KEY (order_id, line));
CREATE TABLE app.narrow (id int, name varchar(10), n smallint);
CREATE TABLE other.customers (id bigint PRIMARY KEY, email text, name text);
CREATE VIEW app.customer_view AS SELECT id, name, email AS mail, upper(ssn) AS ssn_up FROM app.customers;
CREATE VIEW app.simple_view AS SELECT id, name, email FROM app.customers;
CREATE VIEW app.nested_view AS SELECT v.id, v.mail, o.total FROM app.customer_view v JOIN app.orders o ON o.customer_id = v.id;
CREATE VIEW app.grouped_view AS SELECT email, count(*) AS n FROM app.customers GROUP BY email;
CREATE VIEW app.star_view AS SELECT * FROM app.orders;
CREATE VIEW app.recursive_view AS
  WITH RECURSIVE r(n, e) AS (SELECT 1, email FROM app.customers UNION ALL SELECT n + 1, e FROM r WHERE n < 3) SELECT n, e FROM r;
CREATE MATERIALIZED VIEW app.stored_view AS SELECT id, email, length(name) AS len FROM app.customers;
CREATE TABLE app.events (id bigint, at date, secret text) PARTITION BY RANGE (at);
CREATE TABLE app.events_2026 PARTITION OF app.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE app.people (id int PRIMARY KEY, name text);
CREATE TABLE app.staff (salary numeric) INHERITS (app.people);
CREATE SEQUENCE app.counter;
CREATE FUNCTION app.full_name(c app.customers) RETURNS text LANGUAGE sql STABLE AS $$ SELECT c.name || ' <' || c.email || '>' $$;
CREATE FUNCTION app.opaque(x text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN x; END $$;
CREATE FUNCTION app.pairs(n int, OUT a int, OUT b text) RETURNS SETOF record LANGUAGE sql AS $$ SELECT g, g::text FROM generate_series(1, n) g $$;
CREATE FUNCTION app.all_customers() RETURNS SETOF app.customers LANGUAGE sql STABLE AS $$ SELECT * FROM app.customers $$;
CREATE FUNCTION app.email_of(who bigint) RETURNS text LANGUAGE sql STABLE AS $$ SELECT email FROM app.customers WHERE id = who $$;
CREATE FUNCTION app.add(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT a + b $$;
CREATE FUNCTION app.table_of(n int) RETURNS TABLE (k int, v text) LANGUAGE sql AS $$ SELECT 1, 'x' $$;
CREATE FUNCTION app.same(app.customers, app.customers) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
CREATE OPERATOR app.=== (LEFTARG = app.customers, RIGHTARG = app.customers, FUNCTION = app.same);
CREATE AGGREGATE app.glue(text) (SFUNC = textcat, STYPE = text);
CREATE TABLE public.wide AS SELECT g AS c1, g AS c2, g AS c3 FROM generate_series(1, 3) g;
