# Puts, reads and deletes one object over the S3 protocol, with Python's standard library alone.
import datetime
import hashlib
import hmac
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
import uuid

HOST, REGION, BUCKET = os.environ["ENDPOINT"], os.environ["REGION"], os.environ["BUCKET"]
SCHEME = "https" if os.environ["SECURE"] == "true" else "http"


def sign(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def call(method, path, body=b""):
    """One request with a version 4 signature; returns status and body."""
    now = datetime.datetime.now(datetime.timezone.utc)
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    path = urllib.parse.quote(path)
    digest = hashlib.sha256(body).hexdigest()
    headers = {"host": HOST, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = "\n".join([method, path, "", lines, names, digest])
    scope = f"{day}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = ("AWS4" + os.environ["SECRET_KEY"]).encode()
    for part in (day, REGION, "s3", "aws4_request"):
        key = sign(key, part)
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    credential = f"{os.environ['ACCESS_KEY']}/{scope}"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}"
    wanted = urllib.request.Request(f"{SCHEME}://{HOST}{path}", data=body or None, headers=headers, method=method)
    try:
        with urllib.request.urlopen(wanted, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def expect(what, got, statuses):
    if got[0] not in statuses:
        sys.exit(f"{what} in bucket {BUCKET} at {SCHEME}://{HOST}: HTTP {got[0]} {got[1][:300]!r}")


def main():
    body = uuid.uuid4().hex.encode()
    name = f"/{BUCKET}/bentobox-verify/{uuid.uuid4().hex}"
    put = call("PUT", name, body)
    if put[0] == 404 and os.environ.get("MAKE_BUCKET") == "true":
        expect("making the bucket", call("PUT", f"/{BUCKET}"), (200, 409))
        put = call("PUT", name, body)
    expect("putting an object", put, (200,))
    got = call("GET", name)
    expect("reading it back", got, (200,))
    expect("deleting it", call("DELETE", name), (200, 204))
    if got[1] != body:
        sys.exit(f"the object read from {BUCKET} is not the one that was put")
    print("put, read and deleted an object")


main()
