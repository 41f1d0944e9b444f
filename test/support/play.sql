-- What the conformance scripts play with. Owned by `app`, who logs in.
CREATE EXTENSION IF NOT EXISTS plpgsql;
ALTER SCHEMA public OWNER TO app;
GRANT ALL ON SCHEMA public TO app;
SET SESSION AUTHORIZATION app;

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN posint AS int CHECK (VALUE > 0);
CREATE TYPE pair AS (x int, y text);

CREATE TABLE items (
  id int PRIMARY KEY,
  name text NOT NULL,
  price numeric(10,2),
  mood mood DEFAULT 'ok',
  tags text[],
  data jsonb,
  raw bytea
);
INSERT INTO items
SELECT n, 'item ' || n, n * 1.25, (ARRAY['sad','ok','happy'])[1 + n % 3]::mood,
       ARRAY['t' || n, NULL], jsonb_build_object('n', n, 's', 'v' || n), decode(lpad(to_hex(n), 4, '0'), 'hex')
FROM generate_series(1, 20) AS n;
INSERT INTO items (id, name) VALUES (21, 'nulls everywhere');

CREATE TABLE notes (
  id serial PRIMARY KEY,
  item int REFERENCES items,
  note text CHECK (length(note) < 40),
  weight posint,
  UNIQUE (item, note)
);
CREATE TABLE pairs (a int, b text);
CREATE TABLE "Üml äut ☃" ("Größe" int, "q""uote" text);
INSERT INTO "Üml äut ☃" VALUES (1, 'één'), (2, '雪');

CREATE VIEW cheap AS SELECT id, name, price FROM items WHERE price < 10;

CREATE TABLE parts (id int, kind text, v int) PARTITION BY LIST (kind);
CREATE TABLE parts_a PARTITION OF parts FOR VALUES IN ('a');
CREATE TABLE parts_b PARTITION OF parts FOR VALUES IN ('b');

CREATE FUNCTION shout(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'notice %', what USING DETAIL = 'detail', HINT = 'hint';
  RAISE WARNING 'warning %', what;
  RAISE INFO 'info %', what;
  RAISE LOG 'log %', what;
END $$;
CREATE FUNCTION boom(state text, what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%', what USING ERRCODE = state, DETAIL = 'the detail', HINT = 'the hint',
    COLUMN = 'col', CONSTRAINT = 'con', DATATYPE = 'typ', TABLE = 'tab', SCHEMA = 'sch';
END $$;
CREATE FUNCTION plus(a int, b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + b';
CREATE FUNCTION many(n int) RETURNS SETOF pair LANGUAGE sql AS 'SELECT i, ''y'' || i FROM generate_series(1, n) i';
CREATE PROCEDURE twice(n int, INOUT total int) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO pairs VALUES (n, 'first');
  COMMIT;
  INSERT INTO pairs VALUES (n, 'second');
  total := n * 2;
END $$;
CREATE FUNCTION cry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'trigger % % on %', TG_WHEN, TG_OP, TG_TABLE_NAME;
  RETURN NEW;
END $$;
CREATE TRIGGER cry BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION cry();
RESET SESSION AUTHORIZATION;
