// The database in which every attempt begins: nothing in it is protected, and code is there that would read what may come to be.

export const WORLD = `
CREATE TABLE own (a int PRIMARY KEY, b text);
INSERT INTO own VALUES (1, 'one'), (2, 'two');
CREATE TABLE loot (x text);
CREATE TABLE plain (email text);
CREATE FUNCTION stolen(what text DEFAULT 'SELECT email FROM public.people') RETURNS text LANGUAGE plpgsql AS $$
  DECLARE r text; BEGIN EXECUTE what INTO r; RETURN r; EXCEPTION WHEN undefined_table OR undefined_column THEN RETURN NULL; END $$;
CREATE FUNCTION tell() RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE NOTICE ''%'', public.stolen(); RETURN ''told''; END';
CREATE FUNCTION fail() RETURNS text LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''%'', public.stolen(); END';
CREATE PROCEDURE keep() LANGUAGE plpgsql AS 'BEGIN INSERT INTO loot VALUES (stolen()); END';
CREATE FUNCTION tell_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM public.tell(); RETURN NEW; END';
CREATE FUNCTION steal_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.b := stolen(); RETURN NEW; END';
CREATE FUNCTION wait() RETURNS text LANGUAGE plpgsql AS 'BEGIN
  WHILE stolen() IS NULL LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN stolen(); END';
GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
GRANT ALL ON SCHEMA public TO app;
ALTER TABLE own OWNER TO app;
ALTER TABLE loot OWNER TO app;
ALTER TABLE plain OWNER TO app;
`;
