"""One login by SASL OAUTHBEARER through a real libpq 18: `libpq-oauth.py CONNINFO`, the token in the environment.

Prints {"ok": true, "rows": [...], "asked": [discovery, scope]} or {"ok": false, "error": "..."}.
"""

import ctypes
import json
import os
import sys

import psycopg
from psycopg import pq


class Request(ctypes.Structure):
    pass


Request._fields_ = [
    ("openid_configuration", ctypes.c_char_p),
    ("scope", ctypes.c_char_p),
    ("run", ctypes.c_void_p),
    ("cleanup", ctypes.c_void_p),
    ("token", ctypes.c_void_p),
    ("user", ctypes.c_void_p),
]

BEARER_TOKEN = 1
asked = []
token = ctypes.create_string_buffer(os.environ["TOKEN"].encode())


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(Request))
def hook(kind, _, request):
    if kind != BEARER_TOKEN:
        return 0
    told = request.contents
    asked.append([part.decode() if part else None for part in (told.openid_configuration, told.scope)])
    told.token = ctypes.cast(token, ctypes.c_void_p).value
    return 1


def loaded():
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        return next(line.split()[-1] for line in maps if "libpq" in line)


pq.version()
ctypes.CDLL(loaded()).PQsetAuthDataHook(hook)
try:
    with psycopg.connect(sys.argv[1], autocommit=True) as connection:
        answer = {"ok": True, "rows": [list(row) for row in connection.execute("SHOW weir.principal").fetchall()]}
except psycopg.Error as error:
    answer = {"ok": False, "error": str(error)}
print(json.dumps({**answer, "asked": asked}))
