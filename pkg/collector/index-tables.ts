// The tables of the index (SQLite, in `state/`). All of it comes from the log and can be made again; only what heartbeats said is lost then.

/** A change of the tables is a new number: the index is then made anew from the log. */
export const INDEX_VERSION = 1;

export const TABLES = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE chains (
  chain TEXT PRIMARY KEY,
  cluster TEXT NOT NULL, namespace TEXT NOT NULL, environment TEXT NOT NULL, workload TEXT NOT NULL, instance TEXT NOT NULL,
  source TEXT NOT NULL, account TEXT NOT NULL, sender TEXT NOT NULL, uid TEXT NOT NULL,
  next INTEGER NOT NULL DEFAULT 0, last_hash TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed', 'unclosed')),
  gaps INTEGER NOT NULL DEFAULT 0, forks INTEGER NOT NULL DEFAULT 0, since INTEGER NOT NULL,
  seen INTEGER NOT NULL DEFAULT 0, told_last INTEGER, told_hash TEXT, spool_bytes INTEGER, oldest INTEGER,
  silent INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX chains_seen ON chains (state, seen);
CREATE TABLE keys (
  chain TEXT NOT NULL, key TEXT NOT NULL, public_key TEXT NOT NULL, environment TEXT NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (chain, key, environment)
) STRICT;
CREATE TABLE segments (
  entry INTEGER PRIMARY KEY, chain TEXT NOT NULL, cluster TEXT NOT NULL, namespace TEXT NOT NULL, environment TEXT NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, last_hash TEXT NOT NULL, root TEXT NOT NULL,
  "from" INTEGER NOT NULL, "to" INTEGER NOT NULL,
  deleted INTEGER NOT NULL DEFAULT 0, -- 1: the log says so, 2: the file is gone too
  deleted_by INTEGER -- the entry that says so
) STRICT;
CREATE UNIQUE INDEX segments_place ON segments (chain, first);
CREATE INDEX segments_time ON segments ("to") WHERE deleted = 0;
CREATE INDEX segments_doomed ON segments (entry) WHERE deleted = 1;
CREATE TABLE events (
  entry INTEGER PRIMARY KEY, type TEXT NOT NULL, chain TEXT, number INTEGER, time INTEGER NOT NULL, detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_place ON events (chain, type, number);
CREATE TABLE holds (name TEXT PRIMARY KEY, selection TEXT NOT NULL, by TEXT NOT NULL, time INTEGER NOT NULL) STRICT;
`;
