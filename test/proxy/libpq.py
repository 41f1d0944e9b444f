"""A recent libpq for the tests: one JSON request a line, one JSON answer a line.

{"conninfo": "...", "sql": "..."}                    -> {"ok": true, "rows": [[...]], "info": {...}}
{"conninfo": "...", "sql": "...", "cancel": true}    -> the same, with the statement cancelled once it runs
A refusal gives {"ok": false, "sqlstate": "...", "error": "..."}.
"""

import json
import sys
import threading

import psycopg
from psycopg import pq


def info(connection):
    pgconn = connection.pgconn
    return {
        "protocol": pgconn.full_protocol_version if pq.version() >= 180000 else pgconn.protocol_version * 10000,
        "ssl": bool(pgconn.ssl_in_use),
        "usedPassword": bool(pgconn.used_password),
    }


def cancel_when_running(connection, watcher):
    pid = connection.info.backend_pid
    with psycopg.connect(watcher, autocommit=True) as other:
        running = "SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
        while other.execute(running, [pid]).fetchone()[0] == 0:
            pass
    connection.cancel_safe(timeout=10)


def run(request):
    with psycopg.connect(request["conninfo"], autocommit=True) as connection:
        known = info(connection)
        if request.get("cancel"):
            thread = threading.Thread(target=cancel_when_running, args=(connection, request["cancel"]))
            thread.start()
        try:
            rows = [list(row) for row in connection.execute(request["sql"]).fetchall()]
        finally:
            if request.get("cancel"):
                thread.join()
        return {"ok": True, "rows": rows, "info": known}


print(json.dumps({"version": pq.version()}), flush=True)
for line in sys.stdin:
    try:
        answer = run(json.loads(line))
    except psycopg.Error as error:
        answer = {"ok": False, "sqlstate": error.sqlstate, "error": str(error)}
    print(json.dumps(answer), flush=True)
