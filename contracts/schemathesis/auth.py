"""Who schemathesis is while it asks: an administrator, or where only services may come, a service.

Access tokens end after some minutes and service tokens after one, so both are made when they are needed.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import time
import urllib.request
import uuid

import schemathesis

SERVICES_ONLY = re.compile(r"^/api/v1/(inventory/reservations/|payments$|payments/order/[^/]+/void$)")
PROVIDER_OAUTH = re.compile(r"^/v2/")


def _send(method, url, body, headers):
    request = urllib.request.Request(url, body, headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def _user_service(method, path, body, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = "Bearer " + token
    url = os.environ["USER_URL"] + "/api/v1/" + path
    return _send(method, url, json.dumps(body).encode(), headers)


def _administrator():
    """A new one each time: among the questions are "delete me" and "log me out"."""
    first = {"email": os.environ["ADMIN_EMAIL"], "password": os.environ["ADMIN_PASSWORD"]}
    token = _user_service("POST", "auth/login", first)["access_token"]
    account = {
        "email": f"schemathesis-{uuid.uuid4().hex}@faultline.test",
        "password": uuid.uuid4().hex,
        "name": "Schemathesis",
    }
    user = _user_service("POST", "auth/register", account)["user"]
    roles = {"roles": ["admin", "customer"]}
    _user_service("PUT", f"users/{user['id']}/roles", roles, token)
    return _user_service("POST", "auth/login", account)["access_token"]


def _encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _service():
    now = int(time.time())
    claims = {"iss": "faultline/services", "sub": "schemathesis", "iat": now, "exp": now + 60}
    parts = [{"alg": "HS256", "typ": "JWT"}, claims]
    signed = b".".join(_encoded(json.dumps(part).encode()) for part in parts)
    key = os.environ["SERVICE_TOKEN_KEY"].encode()
    return (signed + b"." + _encoded(hmac.digest(key, signed, hashlib.sha256))).decode()


def _provider_token():
    basic = base64.b64encode(("lab:" + os.environ["PSP_API_KEY"]).encode()).decode()
    headers = {"authorization": "Basic " + basic}
    url = os.environ["PSP_URL"] + "/v1/oauth2/token"
    return _send("POST", url, b"grant_type=client_credentials", headers)["access_token"]


def _who(case, context):
    if os.environ["SERVICE"] == "psp":
        return "provider" if PROVIDER_OAUTH.match(case.path) else "key"
    inside = os.environ["SERVICE"] != "gateway" and SERVICES_ONLY.match(case.path)
    return "service" if inside else "administrator"


MAKERS = {
    "provider": _provider_token,
    "key": lambda: os.environ["PSP_API_KEY"],
    "service": _service,
    "administrator": _administrator,
}


@schemathesis.auth(refresh_interval=30, cache_by_key=_who)
class Token:
    """The right token for an operation."""

    def get(self, case, context):
        return MAKERS[_who(case, context)]()

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = "Bearer " + data
