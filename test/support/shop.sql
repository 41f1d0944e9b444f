-- A shop with personal data, owned by `app`. What policy protects is marked; two worlds (shop-a.sql, shop-b.sql)
-- differ in exactly those cells.
ALTER SCHEMA public OWNER TO app;
GRANT ALL ON SCHEMA public TO app;
SET SESSION AUTHORIZATION app;

CREATE TYPE tier AS ENUM ('basic', 'plus', 'gold');
CREATE DOMAIN email_address AS text;
CREATE TYPE address AS (street text, city text);

CREATE TABLE customers (
  id bigint PRIMARY KEY,
  name text NOT NULL,
  email text,                     -- PII.EMAIL
  phone varchar(30),              -- PII.PHONE
  ssn text UNIQUE,                -- PII.SSN
  born date,                      -- PII.BORN
  score int,                      -- PII.SCORE
  token uuid,                     -- PII.TOKEN
  home address,                   -- PII.HOME
  profile jsonb,                  -- PII.ID at kyc.passport_no
  email_lower text GENERATED ALWAYS AS (lower(email)) STORED, -- PII.EMAIL
  city text,
  country text,
  tier tier DEFAULT 'basic',
  note text,
  joined date
);
CREATE INDEX customers_email ON customers (email);
CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, price numeric(10,2), tags text[], attributes jsonb);
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer_id bigint REFERENCES customers,
  status text NOT NULL,
  placed timestamptz,
  total numeric(12,2),
  gift_note text
);
CREATE TABLE order_lines (order_id bigint REFERENCES orders, line int, product_id int REFERENCES products, quantity int, PRIMARY KEY (order_id, line));
CREATE TABLE payments (
  id int PRIMARY KEY,
  order_id bigint REFERENCES orders,
  card text,                      -- PCI.CARD
  iban text,                      -- PCI.IBAN
  method text,
  amount numeric(12,2)
);
CREATE TABLE patients (id int PRIMARY KEY, customer_id bigint, diagnosis text, room int UNIQUE DEFERRABLE INITIALLY DEFERRED); -- PHI, every column
CREATE TABLE contacts (id int, kind text, value text) PARTITION BY LIST (kind); -- value: PII.EMAIL
CREATE TABLE contacts_mail PARTITION OF contacts FOR VALUES IN ('mail');
CREATE TABLE contacts_web PARTITION OF contacts FOR VALUES IN ('web');
CREATE TABLE people (id int, alias text);          -- alias: PII.NAME
CREATE TABLE staff (desk int) INHERITS (people);
CREATE TABLE scratch (a int, b text);
CREATE TABLE audit_log (id serial PRIMARY KEY, what text, at timestamptz DEFAULT now());

INSERT INTO customers (id, name, city, country, tier, note, joined)
SELECT n, 'Customer ' || n, (ARRAY['Delft','Lyon','Porto','Turku'])[1 + n % 4], (ARRAY['NL','FR','PT','FI'])[1 + n % 4],
       (ARRAY['basic','plus','gold'])[1 + n % 3]::tier, 'note ' || n, date '2020-01-01' + n
FROM generate_series(1, 12) n;
INSERT INTO products SELECT n, 'Product ' || n, n * 2.5, ARRAY['tag' || n % 3], jsonb_build_object('color', (ARRAY['red','blue'])[1 + n % 2], 'size', n) FROM generate_series(1, 10) n;
INSERT INTO orders SELECT n, 1 + n % 12, (ARRAY['open','paid','sent'])[1 + n % 3], timestamptz '2024-01-01 00:00+00' + n * interval '1 day', n * 10, 'gift ' || n FROM generate_series(1, 30) n;
INSERT INTO order_lines SELECT o, l, 1 + (o + l) % 10, l FROM generate_series(1, 30) o, generate_series(1, 2) l;
INSERT INTO payments (id, order_id, method, amount) SELECT n, n, (ARRAY['card','iban'])[1 + n % 2], n * 10 FROM generate_series(1, 20) n;
INSERT INTO scratch SELECT n, 'scratch ' || n FROM generate_series(1, 5) n;

CREATE VIEW customer_emails AS SELECT id, name, email FROM customers;
CREATE VIEW customer_cities (who, town) AS SELECT name, city FROM customers;
CREATE VIEW nested_emails (a, b) AS SELECT id, upper(email) FROM customer_emails;
CREATE VIEW customer_rows AS SELECT c FROM customers c;
CREATE VIEW order_totals AS SELECT c.city, count(*) AS orders, sum(o.total) AS total FROM orders o JOIN customers c ON c.id = o.customer_id GROUP BY c.city;

CREATE FUNCTION email_of(bigint) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers WHERE id = $1';
CREATE FUNCTION email_of_atomic(i bigint) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT email FROM customers WHERE id = i; END;
CREATE FUNCTION everyone() RETURNS SETOF customers LANGUAGE sql STABLE AS 'SELECT * FROM customers';
CREATE FUNCTION hidden_email(bigint) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT email FROM customers WHERE id = $1); END $$;
CREATE FUNCTION run_text(text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE r text; BEGIN EXECUTE $1 INTO r; RETURN r; END $$;
CREATE FUNCTION tell(text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; END $$;
CREATE FUNCTION full_name(bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT name FROM customers WHERE id = $1); END $$;
CREATE FUNCTION wipe() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM scratch; END $$;
CREATE FUNCTION wipe_sql() RETURNS void LANGUAGE sql AS 'DELETE FROM scratch';
CREATE DOMAIN wiping AS int CHECK (wipe() IS NOT NULL);
CREATE TYPE wiping_row AS (a wiping);
CREATE TABLE wiping_list (a wiping[]);
CREATE TYPE wiping_range AS RANGE (subtype = wiping);
CREATE TABLE shelves (id int PRIMARY KEY);
CREATE TABLE shelved (shelf int REFERENCES shelves ON DELETE CASCADE ON UPDATE CASCADE, what text);
INSERT INTO shelves VALUES (1), (2);
INSERT INTO shelved SELECT 1, 'thing ' || n FROM generate_series(1, 5) n;
CREATE PROCEDURE wipe_all() LANGUAGE plpgsql AS $$ BEGIN TRUNCATE scratch; END $$;
CREATE FUNCTION same(text, text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 = $2';
CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same);
CREATE AGGREGATE glue (text) (SFUNC = pg_catalog.textcat, STYPE = text, INITCOND = '');
CREATE FUNCTION log_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'row is %', NEW; RETURN NEW; END $$;
CREATE TRIGGER log_it BEFORE UPDATE ON customers FOR EACH ROW EXECUTE FUNCTION log_it();

CREATE MATERIALIZED VIEW frozen_emails AS SELECT id, email AS contact FROM customers WITH NO DATA;

RESET SESSION AUTHORIZATION;
GRANT ALL ON ALL TABLES IN SCHEMA public TO analyst;
GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO analyst;
GRANT ALL ON SCHEMA public TO analyst;
GRANT app TO analyst;
GRANT SELECT ON pg_catalog.pg_statistic TO analyst;
GRANT pg_read_all_stats, pg_read_all_settings TO analyst;
