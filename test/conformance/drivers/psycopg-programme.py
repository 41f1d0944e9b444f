"""The programme over psycopg 3: sync, pipeline mode, server-side cursors, COPY, binary results. Prints what it saw."""
import json
import logging
import sys

import psycopg
from psycopg.rows import dict_row

# A pipeline whose end meets its own failed statement is told on stderr or not by chance, directly as well.
logging.getLogger("psycopg").setLevel(logging.CRITICAL)

port, user, password, database = sys.argv[1:5]
seen, notices = [], []


def note(value):
    seen.append(json.loads(json.dumps(value, default=str)))


def attempt(work):
    try:
        note(work())
    except psycopg.Error as error:
        d = error.diag
        note({"error": str(error), "code": error.sqlstate, "detail": d.message_detail, "hint": d.message_hint,
              "position": d.statement_position, "constraint": d.constraint_name, "routine": d.source_function})


def connect(**more):
    connection = psycopg.connect(host="127.0.0.1", port=port, user=user, password=password, dbname=database, **more)
    connection.add_notice_handler(lambda diag: notices.append([diag.severity, diag.message_primary]))
    return connection


with connect(autocommit=True) as c:
    note([c.info.server_version, c.info.encoding, c.info.transaction_status.name])
    attempt(lambda: c.execute("SELECT * FROM items ORDER BY id").fetchall())
    attempt(lambda: c.execute("SELECT id, name, price, raw, data FROM items ORDER BY id", binary=True).fetchall())
    attempt(lambda: c.execute("SELECT %s::int + 1, %s, %b::bytea", (1, "ünï ☃", b"\x00\xff")).fetchone())
    attempt(lambda: c.execute("SELECT 1; SELECT 2").fetchall())
    for n in range(8):  # prepared after the fifth
        attempt(lambda: c.execute("SELECT name FROM items WHERE id = %s", (n,)).fetchone())
    attempt(lambda: c.execute("SELECT shout('hello')").fetchone())
    attempt(lambda: c.execute("SELEC 1"))
    attempt(lambda: c.execute("SELECT 1/0"))
    attempt(lambda: c.execute("INSERT INTO items (id, name) VALUES (1, 'again')"))
    attempt(lambda: c.cursor(row_factory=dict_row).execute("SELECT id, tags FROM items WHERE id < 3").fetchall())
    with c.cursor() as cur:
        cur.executemany("INSERT INTO pairs VALUES (%s, %s) RETURNING a", [(n, f"v{n}") for n in range(20)], returning=True)
        rows = [cur.fetchone()]
        while cur.nextset():
            rows.append(cur.fetchone())
        note(rows)
        with cur.copy("COPY pairs FROM STDIN") as copy:
            copy.write_row((100, "hundred"))
            copy.write_row((101, None))
        with cur.copy("COPY (SELECT * FROM pairs ORDER BY a) TO STDOUT") as copy:
            note([bytes(block).decode() for block in copy])
        with cur.copy("COPY (SELECT a FROM pairs ORDER BY a) TO STDOUT (FORMAT binary)") as copy:
            copy.set_types(["int4"])
            note(list(copy.rows()))
        def bad():
            with cur.copy("COPY pairs FROM STDIN") as copy:
                copy.write("x\tbad\n")
        attempt(bad)
    attempt(lambda: c.execute("LISTEN ch") and None)
    attempt(lambda: c.execute("NOTIFY ch, 'payload'") and None)
    note([[n.channel, n.payload] for n in c.notifies(timeout=2, stop_after=1)])

with connect() as c:
    attempt(lambda: c.execute("INSERT INTO pairs VALUES (200, 'tx')").rowcount)
    attempt(lambda: c.execute("SELECT 1/0"))
    attempt(lambda: c.execute("SELECT 1"))
    note(c.info.transaction_status.name)
    c.rollback()
    with c.transaction():
        c.execute("INSERT INTO pairs VALUES (201, 'tx')")
        try:
            with c.transaction():
                c.execute("SELECT 1/0")
        except psycopg.Error as error:
            note(error.sqlstate)
        note(c.execute("SELECT count(*) FROM pairs").fetchone())
    with c.cursor("server_side") as cur:
        cur.execute("SELECT id FROM items ORDER BY id")
        note([cur.fetchmany(4), cur.fetchone(), cur.fetchall()])
    with c.cursor("scrolling", scrollable=True) as cur:
        cur.execute("SELECT id FROM items ORDER BY id")
        cur.scroll(10)
        note(cur.fetchone())
        cur.scroll(-5)
        note(cur.fetchone())

with connect(autocommit=True) as c:
    def piped():
        with c.pipeline() as p:
            one = c.execute("SELECT 1")
            many = c.execute("SELECT id FROM items ORDER BY id")
            p.sync()
            two = c.execute("SELECT %s::text", ("two",))
            return [one.fetchall(), many.fetchall(), two.fetchall()]
    attempt(piped)
    def failing():
        with c.pipeline():
            c.execute("INSERT INTO pairs VALUES (300, 'pipe')")
            c.execute("SELECT 1/0")
            c.execute("INSERT INTO pairs VALUES (301, 'pipe')")
    attempt(failing)
    note(c.execute("SELECT a FROM pairs WHERE a >= 300").fetchall())

print(json.dumps({"seen": seen, "notices": notices}, indent=1))
