-- Rows for shapes.sql. :k makes the protected cells of one world; nothing else depends on it. No ANALYZE: plans, and with them the order of rows, would differ.
INSERT INTO app.customers (id, name, email, ssn, phone, balance, born, mood, home, tags, profile, notes, mail, active, created)
  SELECT g, 'name' || g % 7,
    CASE WHEN (g * :k) % 5 = 0 THEN NULL ELSE repeat(chr(97 + (g * :k) % 26), 1 + (g * :k) % 4) || g * :k || '@canary.test' END,
    CASE WHEN (g * :k) % 4 = 0 THEN NULL ELSE lpad((g * :k)::text, 9, '0') END,
    '555-' || g, g * 10.5, date '1990-01-01' + g, (ARRAY['sad', 'ok', 'happy']::app.mood[])[1 + g % 3],
    ('("street ' || g || '",city,' || g || ')')::app.address, ARRAY['t' || g, 'u'],
    jsonb_build_object('city', 'c' || g % 3, 'a', jsonb_build_object('b', g), 'kyc', jsonb_build_object('no', 'canary' || g * :k,
      'list', (SELECT jsonb_agg(x) FROM generate_series(1, (g * :k) % 3) x))),
    json_build_object('canary', g * :k), 'm' || g || '@x', g % 2 = 0, timestamptz '2026-01-01' + g * interval '1 hour'
  FROM generate_series(1, 12) g;
INSERT INTO app.orders (customer_id, status, total, placed)
  SELECT 1 + g % 12, CASE g % 3 WHEN 0 THEN 'open' ELSE 'paid' END, g * 3, timestamptz '2026-01-01' + g * interval '1 day' FROM generate_series(1, 20) g;
INSERT INTO app.items SELECT g, g % 3, 'sku' || g, g FROM generate_series(1, 20) g;
INSERT INTO app.narrow SELECT g, 'n' || g % 3, (g * :k) % 6 FROM generate_series(1, 8) g;
INSERT INTO other.customers SELECT g, 'o' || (g * :k) % 4, 'name' || g FROM generate_series(1, 8) g;
INSERT INTO app.events SELECT g, date '2026-02-01' + g, 'secret' || g * :k FROM generate_series(1, 5) g;
INSERT INTO app.people SELECT g, 'p' || g FROM generate_series(1, 4) g;
INSERT INTO app.staff SELECT g, 's' || g, g * 100 FROM generate_series(5, 8) g;
REFRESH MATERIALIZED VIEW app.stored_view;
