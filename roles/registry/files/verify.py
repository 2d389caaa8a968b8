# Logs in to a registry as a client does: basic authentication, or a token from the service the registry names.
import base64
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request

SERVER = os.environ["SERVER"]
BASE = ("https" if os.environ["SECURE"] == "true" else "http") + f"://{SERVER}/v2/"
BASIC = "Basic " + base64.b64encode(f"{os.environ['USERNAME']}:{os.environ['PASSWORD']}".encode()).decode()


def get(url, authorization):
    headers = {"Authorization": authorization} if authorization else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def main():
    login = BASIC if os.environ["USERNAME"] else ""
    status, headers, body = get(BASE, "")
    challenge = headers.get("WWW-Authenticate", "")
    if status == 401 and challenge.lower().startswith("bearer"):
        fields = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        query = urllib.parse.urlencode({"service": fields.get("service", "")})
        status, headers, body = get(f"{fields['realm']}?{query}", login)
        if status == 200:
            token = json.loads(body)
            status, headers, body = get(BASE, "Bearer " + (token.get("token") or token.get("access_token", "")))
    elif status == 401:
        status, headers, body = get(BASE, login)
    if status != 200:
        sys.exit(f"{BASE} answered HTTP {status} {body[:300]!r}: check registry_server, registry_username and password")
    print("logged in")


main()
