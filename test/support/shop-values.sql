-- Fills what is protected. :w is 'a' or 'b': every protected cell differs between the two worlds, in value, order and length.
SET session_replication_role = replica;
UPDATE customers SET
  email = 'canary' || repeat(:'w', (1 + (id * :k) % 5)::int) || (id * :k) % 13 || '@' || :'w' || 'leak.example',
  phone = '+31 6 canary' || :'w' || (id * :k) % 13,
  ssn = :'w' || '-canary-' || (id * :k) % 13,
  born = date '1907-01-01' + ((id * :k) % 13 * 100 + :k)::int,
  score = 770000 + (id * :k) % 13 * 10 + :k,
  token = md5(:'w' || id)::uuid,
  home = ROW('canary' || :'w' || 'street ' || (id * :k) % 13, 'canary' || :'w' || 'town')::address,
  profile = jsonb_build_object('kyc', jsonb_build_object('passport_no', 'canary' || :'w' || (id * :k) % 13, 'level', 1), 'likes', jsonb_build_array('tea', id));
UPDATE payments SET card = '4000canary' || :'w' || (id * :k) % 23, iban = 'NL00canary' || :'w' || (id * :k) % 23;
INSERT INTO patients SELECT n, n, 'canary' || :'w' || 'osis ' || (n * :k) % 13, 770000 + (n * :k) % 13 FROM generate_series(1, 6) n;
INSERT INTO contacts SELECT n, (ARRAY['mail','web'])[1 + n % 2], 'canary' || :'w' || (n * :k) % 13 || '@x' FROM generate_series(1, 6) n;
INSERT INTO people SELECT n, 'canary' || :'w' || 'alias' || (n * :k) % 13 FROM generate_series(1, 3) n;
INSERT INTO staff SELECT n, 'canary' || :'w' || 'staff' || (n * :k) % 13, n FROM generate_series(4, 6) n;
REFRESH MATERIALIZED VIEW frozen_emails;
ANALYZE;
