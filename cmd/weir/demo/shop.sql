-- A small shop. The people of the demo may do anything to it as far as PostgreSQL is concerned: what stops them is Weir.
CREATE TABLE customers (
  id         bigint PRIMARY KEY,
  name       text NOT NULL,
  email      text NOT NULL UNIQUE,
  phone      text,
  card       text,
  ssn        text,
  city       text NOT NULL,
  profile    jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL
);

CREATE TABLE products (
  id       bigint PRIMARY KEY,
  name     text NOT NULL,
  category text NOT NULL,
  price    numeric(10, 2) NOT NULL
);

CREATE TABLE orders (
  id          bigint PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers,
  product_id  bigint NOT NULL REFERENCES products,
  quantity    integer NOT NULL,
  status      text NOT NULL,
  placed_at   timestamptz NOT NULL
);

CREATE TABLE payments (
  id       bigint PRIMARY KEY,
  order_id bigint NOT NULL REFERENCES orders,
  amount   numeric(10, 2) NOT NULL,
  method   text NOT NULL,
  paid_at  timestamptz
);

CREATE INDEX ON orders (customer_id);

CREATE VIEW customer_directory AS SELECT id, name, email, city FROM customers;
