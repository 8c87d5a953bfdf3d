#!/usr/bin/env bash
# jira820 (a Jira Data Center stand-in on PyPI), version 0.12.0, on Python 3.11.
#
# Guess: `PUT /rest/api/2/issue/KEY` carries three things that Jira documents for one edit: `fields`, a comment in
# `update.comment`, and `properties`. A stand-in that does not know one of them refuses the edit, or at least answers
# otherwise than to one that it carried out.
# Seen: 204, as if all three were done. The summary is the new one; the comment and the property are not there, and no
# answer says so. A test of a sync tool on this stand-in passes or fails for the wrong reason: the write that tells the
# customer "succeeds".
# What follows from it: the success of an edit says nothing of its parts. Whoever must know reads them back.
#
# Output seen:
#   edit: 204, body of 0 bytes
#   summary: after
#   comments: 0
#   property: 404
set -euo pipefail

FOLDER=$(mktemp -d)
readonly FOLDER
trap 'rm -rf "$FOLDER"' EXIT

python3 -m venv "$FOLDER/venv"
"$FOLDER/venv/bin/python" -m pip install --quiet --disable-pip-version-check 'jira820==0.12.0'

cat >"$FOLDER/try.py" <<'PYTHON'
import http.client, json, socket, threading, time
import uvicorn
from jira820.config import Config
from jira820.server import make_app
from jira820.store import Store

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
app = make_app(store=Store(Config(project_key="AB"), seed=False))
server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
threading.Thread(target=server.run, daemon=True).start()

def ask(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, "/rest/api/2/issue" + path, json.dumps(body), {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()

while not server.started:
    time.sleep(0.05)
fields = {"project": {"key": "AB"}, "issuetype": {"name": "Bug"}, "summary": "before"}
key = json.loads(ask("POST", "", {"fields": fields})[1])["key"]
edit = {
    "fields": {"summary": "after"},
    "update": {"comment": [{"add": {"body": "done in the same edit"}}]},
    "properties": [{"key": "mark", "value": {"by": "us"}}],
}
status, body = ask("PUT", f"/{key}", edit)
print(f"edit: {status}, body of {len(body)} bytes")
print("summary:", json.loads(ask("GET", f"/{key}")[1])["fields"]["summary"])
print("comments:", json.loads(ask("GET", f"/{key}/comment")[1])["total"])
print("property:", ask("GET", f"/{key}/properties/mark")[0])
server.should_exit = True
PYTHON

seen=$("$FOLDER/venv/bin/python" "$FOLDER/try.py")
expected='edit: 204, body of 0 bytes
summary: after
comments: 0
property: 404'
echo "$seen"
[ "$seen" = "$expected" ] || { echo 'this has changed' >&2; exit 1; }
