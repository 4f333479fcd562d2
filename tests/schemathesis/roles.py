"""Lets in somebody of each role as people come in: a one-time code, a password of their own, the second factor for administrators.
Enrols a device with the code that a clerk's desk gives. The first security administrator's code comes from the machine itself."""

import base64
import dataclasses
import hashlib
import hmac
import html
import json
import re
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import Counter

SECURITY, PASSWORD = "security_admin", "seven wet dogs on a bicycle"
# Whom requests may be about: nobody who signs in here, else the first code given anew would end a session.
SPARE = ["spare-1", "spare-2"]


@dataclasses.dataclass
class Asker:
    """Somebody who asks, and a path that answers 200 to them as long as their credential is good."""

    role: str
    headers: dict
    alive: str
    # The least share of answers that are neither 401 nor 404: below it, hardly a door was tried.
    share: float = 0.05


class Refused(Exception):
    pass


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect, urllib.request.ProxyHandler({}))


def send(url: str, method: str, path: str, headers: dict, data: bytes | None = None) -> tuple:
    """Status, headers and text of an answer, whatever it is."""
    request = urllib.request.Request(url + path, method=method, headers=headers, data=data)
    try:
        with OPENER.open(request) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read().decode()


def call(url: str, method: str, path: str, headers: dict, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    status, _, text = send(url, method, f"/api/v1{path}", {**headers, "Content-Type": "application/json"}, data)
    if status != 200:
        raise Refused(f"{method} {path}: {status} {text}")
    return json.loads(text)


def form(url: str, path: str, headers: dict, fields: dict) -> dict:
    """Sends a form; the headers of the session that it began."""
    data = urllib.parse.urlencode(fields).encode()
    headers = {"Sec-Fetch-Site": "same-origin", **headers, "Content-Type": "application/x-www-form-urlencoded"}
    status, answered, text = send(url, "POST", path, headers, data)
    cookie = (answered.get("Set-Cookie") or "").split(";")[0]
    if status != 303 or not cookie:
        raise Refused(f"{path}: {status} {text}")
    return {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}


def totp(secret: str) -> str:
    """RFC 6238: six digits, SHA-1, half a minute."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


def sign_in(url: str, account: str, code: str) -> dict:
    headers = form(url, "/login/code", {}, {"account": account, "code": code, "password": PASSWORD})
    if not account.endswith("_admin"):
        return headers
    _, _, page = send(url, "GET", "/account/second-factor", headers)
    sealed, secret = re.search(r'name="sealed" value="([^"]+)"', page), re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    if not sealed or not secret:
        raise Refused(f"no second factor is offered to {account}: {page}")
    fields = {"sealed": html.unescape(sealed[1]), "code": totp(secret[1].replace(" ", "")), "password": PASSWORD}
    return form(url, "/account/second-factor", headers, fields)


def posts(url: str, token: dict) -> dict:
    """A site for each role that has one: of its kind, the one that most dossiers concern."""
    kinds = {site["id"]: site["kind"] for site in call(url, "GET", "/registers/sites", token)["items"]}
    concerned = Counter(kinds.keys())
    for dossier in call(url, "GET", "/dossiers?limit=1000", token)["items"]:
        concerned.update(site for field in ("home", "destination") if (site := dossier.get(field)) in kinds)
    most = {kind: max((site for site in kinds if kinds[site] == kind), key=concerned.get) for kind in set(kinds.values())}
    return {"agent": most["station"], "clerk": most["centre"], "sorter": most["hub"], "department": most["department"]}


def everybody(url: str, token: str, first_code: str) -> tuple[list[Asker], str]:
    """Everybody, and the id of the device among them."""
    program = {"Authorization": f"Bearer {token}"}
    security = sign_in(url, SECURITY, first_code)
    for person in SPARE:
        call(url, "PUT", f"/people/{person}", security, {"name": person})
    alive = {"courier": "/registers/sites", "system_admin": "/devices", "audit_admin": "/record", SECURITY: "/people"}
    askers = [Asker("program", program, "/dossiers")]
    where = posts(url, program)
    for role in ("courier", "agent", "clerk", "sorter", "department", "supervisor", "system_admin", "audit_admin"):
        call(url, "PUT", f"/people/{role}", security, {"name": role})
        call(url, "POST", f"/people/{role}/posts", security, {"role": role, "site": where.get(role)})
        code = call(url, "POST", f"/people/{role}/code", security)["secret"]
        # An audit administrator has one door among all of them, a courier a handful.
        share = {"audit_admin": 0.005, "courier": 0.02}.get(role, 0.05)
        askers.append(Asker(role, sign_in(url, role, code), alive.get(role, "/dossiers"), share))
    clerk = next(asker for asker in askers if asker.role == "clerk")
    offered = call(url, "POST", "/enrolments", clerk.headers, {"name": "desk", "site": where["clerk"]})
    redeemed = {"code": offered["code"], "installation": str(uuid.uuid4())}
    enrolled = call(url, "POST", "/enrolments/redeem", {}, redeemed)
    # Before those who may revoke it: its id is in answers they get.
    askers.insert(1, Asker("device", {"Authorization": f"Bearer {enrolled['credential']}"}, "/handheld/expected"))
    # Last: revokes tokens and ends posts and badges of the others.
    askers.append(Asker(SECURITY, security, alive[SECURITY]))
    return askers, enrolled["device"]
