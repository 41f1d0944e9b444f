#!/usr/bin/env python3
"""Checks a Weir evidence file from docs/evidence.md alone. Shares no code with Weir and needs nothing but Python 3.8.

usage: verify_evidence.py FILE LOG_KEY [OLDER_CHECKPOINT_FILE]

Prints "intact" and exits with 0, or says what is wrong and exits with the code that the format names for it.
It stops at the first fault, so of several it may name another one than `weir verify` does.
"""
import base64
import hashlib
import json
import sys

ALTERED, MISSING, REORDERED, FORKED, TRUNCATED, WRONG_FIRST = 1, 2, 3, 4, 5, 7
UNREADABLE, WRONGLY_SIGNED, UNVERIFIABLE_KEY, REPLAYED, PROOF_WRONG = 9, 10, 11, 12, 13
PLACE = ("cluster", "namespace", "environment")


class Fault(Exception):
    def __init__(self, code, text):
        super().__init__(text)
        self.code = code


def demand(condition, code, text):
    if not condition:
        raise Fault(code, text)


def sha256(data):
    return hashlib.sha256(data).digest()


# Ed25519, as RFC 8032 (5.1.7) describes verification.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def point_add(a, b):
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    left, right = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    t, z = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = right - left, z - t, z + t, right + left
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_mul(scalar, point):
    result = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def point_of(data):
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P != 0:
        x = x * ROOT % P
    if (x * x - square) % P != 0 or (x == 0 and sign == 1):
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public_key, message, signature):
    if len(public_key) != 32 or len(signature) != 64:
        return False
    key, r = point_of(public_key), point_of(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or r is None or s >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % ORDER
    left, right = point_mul(s, BASE), point_add(r, point_mul(challenge, key))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


# Base64 with one spelling per value.
def base64_of(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError):
        return b""
    return data if base64.b64encode(data).decode() == text else b""


# Merkle tree, RFC 9162.
def leaf_hash(data):
    return sha256(b"\x00" + data)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def is_included(leaf, index, size, proof, root):
    if not 0 <= index < size:
        return False
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if node & 1 or node == last:
            found = node_hash(sibling, found)
            while node & 1 == 0 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(old_size, old_root, size, root, proof):
    if old_size == size:
        return proof == [] and old_root == root
    if old_size == 0 or old_size > size:
        return old_size == 0 and proof == [] and old_root == sha256(b"")
    if old_size & (old_size - 1) == 0:
        proof = [old_root] + proof
    node, last = old_size - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    if not proof:
        return False
    old = new = proof[0]
    for sibling in proof[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while node & 1 == 0 and node != 0:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and old == old_root and new == root


class Root:
    """The root over entries that come one by one."""

    def __init__(self):
        self.size, self.subtrees = 0, []

    def add(self, data):
        node, rest = leaf_hash(data), self.size
        while rest & 1:
            node, rest = node_hash(self.subtrees.pop(), node), rest >> 1
        self.subtrees.append(node)
        self.size += 1

    def root(self):
        result = self.subtrees[-1]
        for left in reversed(self.subtrees[:-1]):
            result = node_hash(left, result)
        return result


# Signed notes.
class Key:
    def __init__(self, vkey):
        parts = vkey.strip().split("+", 2)
        demand(len(parts) == 3, UNVERIFIABLE_KEY, "the log's key is none")
        self.name, typed = parts[0], base64_of(parts[2])
        self.hash = sha256(self.name.encode() + b"\n" + typed)[:4]
        demand(self.hash.hex() == parts[1] and typed[:1] == b"\x01", UNVERIFIABLE_KEY, "the log's key is none")
        self.public = typed[1:]


def open_note(source, key, what):
    text, separator, lines = source.rpartition(b"\n\n")
    demand(separator != b"" and lines.endswith(b"\n"), ALTERED, f"{what} is not a signed note")
    text += b"\n"
    found = False
    for line in lines.decode("utf-8", "replace").split("\n")[:-1]:
        parts = line.split(" ")
        demand(len(parts) == 3 and parts[0] == "\u2014", ALTERED, f"{what} is not a signed note")
        data = base64_of(parts[2])
        if parts[1] != key.name or data[:4] != key.hash:
            continue
        demand(is_signed(key.public, text, data[4:]), WRONGLY_SIGNED, f"{what} is wrongly signed")
        found = True
    demand(found, UNVERIFIABLE_KEY, f"{what} is not signed by {key.name}")
    return text


def checkpoint_of(text):
    lines = text.decode().split("\n")
    demand(len(lines) >= 4 and lines[1].isdigit(), ALTERED, "a checkpoint has not its form")
    return lines[0], int(lines[1]), base64_of(lines[2])


# The archive.
def header_of(name, size):
    header = bytearray(512)
    header[0 : len(name)] = name.encode()
    header[100:124] = b"0000644\0" + b"0000000\0" * 2
    header[124:136] = b"%011o\0" % size
    header[136:148] = b"%011o\0" % 0
    header[148:156] = b" " * 8
    header[156] = ord("0")
    header[257:265] = b"ustar\x0000"
    header[329:345] = b"0000000\0" * 2
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


def members(file):
    while True:
        header = file.read(512)
        demand(len(header) == 512, TRUNCATED, "the file ends within or before a header")
        if header[0] == 0:
            rest = header + file.read()
            demand(not any(rest), ALTERED, "something stands behind the last member")
            demand(len(rest) >= 1024, TRUNCATED, "the file ends within its end mark")
            demand(len(rest) == 1024, ALTERED, "something stands behind the end mark")
            return
        name = header[:100].rstrip(b"\0").decode("utf-8", "replace")
        digits = header[124:135]
        demand(digits.isdigit(), ALTERED, "a header of the archive")
        size = int(digits, 8)
        demand(header_of(name, size) == header, ALTERED, "a header of the archive")
        content, padding = file.read(size), file.read(-size % 512)
        demand(len(content) == size and len(padding) == -size % 512, TRUNCATED, f"the file ends within {name}")
        demand(not any(padding), ALTERED, f"bytes behind {name}")
        yield name, content


def parsed(data, code, text):
    try:
        return json.loads(data)
    except ValueError:
        raise Fault(code, text) from None


def hashes(texts):
    return [base64_of(text) for text in texts]


class Verifier:
    def __init__(self, log_key, older):
        self.key, self.older = Key(log_key), older
        self.older_open = older is not None
        self.keys, self.gone, self.state, self.found = {}, {}, {}, set()
        self.names, self.proof = [], (None, None)
        self.records = 0

    def verify(self, file):
        archive = self.archive = members(file)
        opening = {}
        for name in ("evidence.json", "evidence.note", "checkpoint"):
            found, content = next(archive, (None, b""))
            demand(found == name, MISSING, f"{name} is not where it must be")
            opening[name] = content
        self.open(opening)
        for name, content in archive:
            code = FORKED if name in self.names else REORDERED
            demand(not self.names or name.encode() > self.names[-1].encode(), code, f"{name} is not in its place")
            self.names.append(name)
            self.member(name, content)
        for claim in self.claims.values():
            self.end(claim)
        demand(self.proof[0] is None, ALTERED, f"no segment stands behind the proof of {self.proof[0]}")
        demand(not self.older_open, PROOF_WRONG, "no proof that the log goes on from the earlier checkpoint")

    def open(self, opening):
        claims = parsed(opening["evidence.json"], ALTERED, "evidence.json")
        demand(claims.get("format") == "weir.dev/evidence/v1", UNREADABLE, "another format")
        demand(Key(claims["log"]["key"]).public == self.key.public, UNVERIFIABLE_KEY, "it names another log key")
        digest = base64.b64encode(sha256(opening["evidence.json"])).decode()
        expected = f"weir.dev/evidence/v1\n{self.key.name}\n{digest}\n".encode()
        demand(open_note(opening["evidence.note"], self.key, "evidence.note") == expected, ALTERED, "evidence.json is not the one that was signed")
        origin, self.size, self.root = checkpoint_of(open_note(opening["checkpoint"], self.key, "the checkpoint"))
        demand(origin == self.key.name == claims["log"]["origin"], UNVERIFIABLE_KEY, "another log")
        demand(self.size == claims["log"]["size"], REPLAYED, "another checkpoint stands in the place of this one")
        demand(self.root.hex() == claims["log"]["root"], FORKED, "two roots for one size")
        self.claims = {claim["chain"]: claim for claim in claims["chains"]}
        if self.older is not None:
            _, size, root = self.older
            demand(size <= self.size, REPLAYED, "an older checkpoint than the one that is known")
            if size == self.size:
                demand(root == self.root, FORKED, "the log has two histories")
                self.older_open = False

    def member(self, name, content):
        parts = name.split("/")
        demand(self.proof[0] in (None, name), ALTERED, f"no segment stands behind the proof of {self.proof[0]}")
        if parts[0] == "chains" and len(parts) == 2:
            self.entries(parts[1][: -len(".jsonl")], content)
        elif parts[0] == "checkpoints" and len(parts) == 2:
            self.older_checkpoint(content)
        elif parts[0] == "segments" and len(parts) == 3 and name.endswith(".proof"):
            proof = parsed(content, PROOF_WRONG, f"{name} is no proof")
            demand(isinstance(proof, dict) and proof.keys() == {"index", "proof"}, PROOF_WRONG, f"{name} is no proof")
            self.proof = (name[: -len("proof")] + "segment", proof)
        elif parts[0] == "segments" and len(parts) == 3 and name.endswith(".segment"):
            self.segment(name, parts[1], parts[2], content)
        else:
            raise Fault(ALTERED, f"{name} is no member of evidence")

    def entries(self, chain, content):
        demand(chain in self.claims, ALTERED, f"chain {chain} is not claimed")
        demand(content == b"" or content.endswith(b"\n"), ALTERED, "a line of entries without its end")
        found, last = [], -1
        for line in content.split(b"\n")[:-1]:
            value = parsed(line, ALTERED, "a line of entries")
            demand(isinstance(value, dict) and {"entry", "index", "proof"} == value.keys(), ALTERED, "a line of entries")
            data = value["entry"].encode()
            entry = parsed(data, ALTERED, "an entry")
            kind = entry.get("type")
            claimed = self.claims[chain]["entries"]
            demand(value["index"] in claimed, ALTERED, f"an entry of chain {chain} is not claimed")
            demand(value["index"] > last, REORDERED, f"an entry of chain {chain} stands behind a later one")
            last = value["index"]
            found.append(last)
            code = UNVERIFIABLE_KEY if kind == "chain-key" else PROOF_WRONG
            demand(is_included(leaf_hash(data), value["index"], self.size, hashes(value["proof"]), self.root), code, f"an entry of chain {chain} is not proven")
            if kind == "chain-key":
                self.register(chain, entry, value["index"])
            elif kind == "gap":
                self.gone.setdefault(chain, []).append((entry["from"], entry["to"]))
            elif kind == "retention":
                for run in entry["segments"]:
                    if run["chain"] == chain:
                        self.gone.setdefault(chain, []).append((run["first"], run["last"]))
        demand(found == self.claims[chain]["entries"], MISSING, f"entries of the log about chain {chain} are absent")
        self.found.add(chain)

    def register(self, chain, entry, index):
        public = base64_of(entry["publicKey"])
        message = f"weir.dev/chain-key/v1\n{chain}\n{entry['publicKey']}".encode()
        demand(entry["chain"] == chain and is_signed(public, message, base64_of(entry["proof"])), UNVERIFIABLE_KEY, "a key that did not sign its registration")
        self.keys.setdefault((chain, hashlib.sha256(public).hexdigest()[:16]), (public, index, [entry[name] for name in PLACE]))

    def older_checkpoint(self, content):
        value = parsed(content, ALTERED, "an older checkpoint")
        _, size, root = checkpoint_of(open_note(value["note"].encode(), self.key, "an older checkpoint"))
        demand(is_consistent(size, root, self.size, self.root, hashes(value["proof"])), PROOF_WRONG, f"not shown to go on from {size}")
        if self.older is not None and self.older[1] == size:
            demand(root == self.older[2], FORKED, "the log has two histories")
            self.older_open = False

    def segment(self, name, chain, file, content):
        lines = content.split(b"\n")
        head = parsed(lines[0], ALTERED, f"{name}: its first line")
        header, signature = head["header"], head["signature"]
        demand(chain in self.claims and header["chain"] == chain, ALTERED, f"{name} is of a chain that is not claimed")
        demand(file == "%020d-%020d.segment" % (header["first"], header["last"]), ALTERED, f"{name} is of other numbers")
        (expected, proof), self.proof = self.proof, (None, None)
        demand((chain, header["key"]) in self.keys, UNVERIFIABLE_KEY, f"{name}: its key is not registered")
        public, registered, place = self.keys[(chain, header["key"])]
        demand(place == [header[name] for name in PLACE], UNVERIFIABLE_KEY, f"{name}: its key is of another place")
        start, end = lines[0].index(b'"header":') + 9, lines[0].rindex(b',"signature":"')
        signed = b"weir.dev/segment/v1\n" + lines[0][start:end]
        demand(is_signed(public, signed, base64_of(signature)), WRONGLY_SIGNED, f"{name} is wrongly signed")
        demand(expected == name, PROOF_WRONG, f"{name} has no proof")
        entry = lines[0][:-1] + b',"type":"segment"}'
        demand(is_included(leaf_hash(entry), proof["index"], self.size, hashes(proof["proof"]), self.root), PROOF_WRONG, f"{name} is not proven")
        demand(registered < proof["index"], UNVERIFIABLE_KEY, f"{name}: its key was registered later")
        self.follow(name, chain, header)
        self.lines(name, header, lines[1:])

    def follow(self, name, chain, header):
        claim = self.claims[chain]
        expected, before = self.state.get(chain, (claim["first"], claim["prev"]))
        first = header["first"]
        demand(first >= expected, FORKED, f"{name} stands for numbers that were here already")
        if first > expected:
            code = WRONG_FIRST if chain not in self.state else MISSING
            if not self.is_gone(chain, expected, first - 1):
                later = f"segments/{chain}/{expected:020d}-"
                demand(not any(each.startswith(later) for each, _ in self.archive), REORDERED, f"{name} stands too early")
                raise Fault(code, f"numbers {expected} to {first - 1} of {chain} are absent")
        else:
            demand(header["prev"] == before, FORKED, f"{name} follows another record")
        self.state[chain] = (header["last"] + 1, header["lastHash"])

    def is_gone(self, chain, begin, end):
        for first, last in sorted(self.gone.get(chain, [])):
            if first <= begin <= last:
                begin = last + 1
        return begin > end

    def lines(self, name, header, lines):
        demand(lines[-1] == b"", ALTERED, f"{name} ends within a line")
        last_of_chain = header["last"] == self.claims[header["chain"]]["last"]
        root, expected, previous = Root(), header["first"], header["prev"]
        seen = set()
        for line in lines[:-1]:
            record = line[86:-1]
            digest = hashlib.sha256(record).hexdigest()
            demand(line == b'{"sha256":"' + digest.encode() + b'","record":' + record + b"}", ALTERED, f"{name}: a line is not as it was written")
            value = parsed(record, ALTERED, f"{name}: a record")
            number, link = value["metadata"]["sequence"], value["unmapped"]["weir"]["chain"]
            demand(link["uid"] == header["chain"], ALTERED, f"{name}: a record of another chain")
            demand(number not in seen, FORKED, f"{name}: number {number} twice")
            seen.add(number)
            if number != expected:
                later = {json.loads(each[86:-1])["metadata"]["sequence"] for each in lines[:-1] if len(each) > 87}
                demand(expected not in later, REORDERED, f"{name}: number {number} before {expected}")
                raise Fault(MISSING, f"{name}: number {expected} is absent")
            demand(link["previous"] == previous, ALTERED, f"{name}: number {number} follows another record")
            root.add(record)
            expected, previous = number + 1, digest
            self.records += 1
        demand(expected == header["last"] + 1, TRUNCATED if last_of_chain else MISSING, f"{name} ends with number {expected - 1}")
        demand(previous == header["lastHash"] and root.root().hex() == header["root"], ALTERED, f"{name} does not give its root")

    def end(self, claim):
        chain = claim["chain"]
        demand(chain in self.found or claim["entries"] == [], MISSING, f"entries of the log about chain {chain} are absent")
        found, last_hash = self.state.get(chain, (None, None))
        if found is None:
            demand(self.is_gone(chain, claim["first"], claim["last"]), MISSING, f"nothing of chain {chain} is here")
            return
        demand(found > claim["last"] or self.is_gone(chain, found, claim["last"]), TRUNCATED, f"chain {chain} ends with number {found - 1}")
        demand(found <= claim["last"] + 1, ALTERED, f"chain {chain} goes beyond what is claimed")
        demand(found <= claim["last"] or last_hash == claim["lastHash"], FORKED, f"chain {chain} ends with another record")


def main():
    if len(sys.argv) not in (3, 4):
        print("usage: verify_evidence.py FILE LOG_KEY [OLDER_CHECKPOINT_FILE]", file=sys.stderr)
        sys.exit(64)
    verifier = Verifier(sys.argv[2], None)
    if len(sys.argv) > 3:
        with open(sys.argv[3], "rb") as file:
            verifier = Verifier(sys.argv[2], checkpoint_of(file.read()))
    try:
        with open(sys.argv[1], "rb") as file:
            verifier.verify(file)
    except Fault as fault:
        print(f"fault {fault.code}: {fault}")
        return fault.code
    except (KeyError, TypeError, IndexError, AttributeError, ValueError) as fault:
        print(f"fault {ALTERED}: something has not its form ({type(fault).__name__})")
        return ALTERED
    print(f"intact: {verifier.records} records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
