// The value comes back masked, or not at all: that the statement fails, in one world only, tells it.
// biome-ignore-all format: one attempt a line
import { leak } from "../escape.ts";

const fails = (name: string, expression: string, from = "customers WHERE id = 1") => leak(`conditional error: ${name}`, `SELECT (${expression}) IS NULL FROM ${from}`);

export default [
  fails("division by zero", "1 / (score - 770055)"),
  fails("division of what is stored", "id / (score - 770055)"),
  fails("remainder", "7 % (score - 770055)"),
  fails("integer out of range", "score + 2146713580"),
  fails("integer out of range, from the other side", "-2146713580 - score - 10"),
  fails("integer out of range in small steps", "(score - 770000) * 30000000"),
  fails("bigint out of range", "score + 9223372036854005740"),
  fails("smallint out of range", "(score - 737300)::int2"),
  fails("root of less than nothing", "sqrt(score - 770060)"),
  fails("logarithm", "ln(score - 770055)"),
  fails("power", "0 ^ (770060 - score)"),
  fails("text that is no number", "replace(replace(email, 'canarya', ''), '@aleak.example', '')::int"),
  fails("text that is no date in a function", "to_timestamp('2020-01-' || (score % 100 - 30), 'YYYY-MM-DD')"),
  fails("text that is no name of a type", "translate(substr(ssn, 1, 1), 'ab', 'xi')::regtype"),
  fails("text that is no json", "translate(substr(ssn, 1, 1), 'ab', '1{')::json"),
  fails("text that is no date", "concat('2020-01-', score % 100 - 30)::date"),
  fails("negative length", "substring('abc', 1, score - 770060)"),
  fails("character of a number", "chr(score - 770055)"),
  fails("pattern ends in the middle", "ssn LIKE 'a\\'"),
  fails("pattern ends in the middle, without case", "ssn ILIKE 'A\\'"),
  fails("pattern ends in the middle, negated", "ssn NOT LIKE 'a\\'"),
  fails("pattern out of a value", "'x' ~ translate(substr(ssn, 1, 1), 'ab', '(x')"),
  fails("date beyond the calendar", "born + 2145065312"),
  fails("span beyond what intervals hold", "born + interval '106785346 days'"),
  fails("key that is missing", "json_build_object(nullif(substr(ssn, 1, 1), 'a'), 1)"),
  fails("key that is missing, of an aggregate", "json_object_agg(translate(ssn, '', ''), 1) OVER () IS NULL OR 1 / (score - 770055) > 0"),
  fails("array of parts that do not match", "ARRAY[string_to_array(email, 'bb'), ARRAY['x']]"),
  fails("array joined with what does not match", "ARRAY[[1, 2]] || ARRAY[array_fill(1, ARRAY[score - 770053])]"),
  fails("in a subquery", "SELECT 1 / (score - 770055) FROM customers WHERE id = 1", "products WHERE id = 1"),
  leak("conditional error: RETURNING", "UPDATE customers SET city = 'x' WHERE id = 1 RETURNING 1 / (score - 770055) IS NULL"),
  leak("conditional error: assignment", "UPDATE customers SET score = 1 / (score - 770055) WHERE id = 1 RETURNING id"),
  leak("conditional error: ORDER BY a constant of it", "SELECT id FROM customers WHERE id = 1 ORDER BY 1 / (score - 770055)"),
  leak("conditional error: SQL function", "CREATE FUNCTION pg_temp.inverse(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1 / (n - 770055)'", "SELECT pg_temp.inverse(score) IS NULL FROM customers WHERE id = 1"),
  leak("conditional error: JSON_VALUE", "SELECT JSON_VALUE(profile, '$.kyc.passport_no' RETURNING int ERROR ON ERROR) IS NULL FROM customers WHERE id = 1"),
  leak("conditional error: path in strict mode", "SELECT jsonb_path_exists(profile, 'strict $.kyc.passport_no ? (@ starts with \"canarya\").x') FROM customers WHERE id = 1"),
] as const;
