# Asks a gateway once or until it answers as it should, with Python's standard library alone.
import http.client
import os
import ssl
import sys
import time

HOST, SERVICE, PATH = os.environ["HOST"], os.environ["SERVICE"], os.environ["PROBE_PATH"]
BODY, CONTAINS = os.environ["BODY"], os.environ["CONTAINS"]
END = time.monotonic() + int(os.environ["TIMEOUT"])
# What passes: the gateway has not heard of the route yet, or a model wakes from zero.
PASSING = {404, 429, 500, 502, 503, 504}


def ask():
    context = ssl.create_default_context(cafile="/authority/ca.crt")
    connection = http.client.HTTPSConnection(SERVICE, 443, timeout=120, context=context)
    headers = {"Host": HOST, "Authorization": "Bearer " + os.environ["TOKEN"], "Content-Type": "application/json"}
    connection.request("POST" if BODY else "GET", PATH, BODY or None, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode(errors="replace")


while True:
    try:
        status, text = ask()
        if status == 200 and CONTAINS in text:
            sys.exit(0)
        problem = f"{status} {text[:300]}"
        passing = status in PASSING
    except (OSError, http.client.HTTPException) as error:
        problem, passing = f"{type(error).__name__}: {error}", True
    if not passing or time.monotonic() > END:
        sys.exit(f"{HOST}{PATH} does not answer 200 with {CONTAINS!r}: {problem}")
    time.sleep(2)
