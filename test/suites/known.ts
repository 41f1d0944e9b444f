// Differences under the harmless policy that docs/suites.md explains, by file.
export const known: Readonly<Record<string, string>> = {
  "async-notify.out": "payloads of other sessions are withheld",
  "pgx.out": "payloads of notifications are withheld",
  "psycopg2.out":
    "payloads of notifications, texts that are not UTF-8 at the start of a transaction, standard_conforming_strings=off",
};
