"""The main job of Lockstep on a Jira stand-in: story.py minutehand|jira820 PYTHON LOCKSTEP

A report is accepted and gets one dev issue, the dev issue is closed and the report is resolved, each told once; then the
data folder is lost, and nothing is written again. PYTHON is the interpreter with the stand-in installed.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import adapter

HERE = Path(__file__).parent
PATIENCE = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(what, happens):
    """Waits until `happens` answers something true, and returns that."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            if found := happens():
                return found
        except (OSError, KeyError):
            pass
        time.sleep(0.2)
    raise SystemExit(f"within {PATIENCE} s it did not happen that {what}")


class StandIn:
    """A running stand-in behind its adapter, and what people do there."""

    def __init__(self, name, python):
        self.processes = []
        if name == "minutehand":
            port = self.start(python, "minutehand_site.py")
            self.adapter = adapter.Cloud(adapter.Upstream(port, "stand-in.atlassian.net"))
        else:
            user = self.start(python, "jira820_site.py", "USER", "New:todo", "Will Do:inprogress", "Resolved:done")
            dev = self.start(python, "jira820_site.py", "DEV", "Open:todo", "In Progress:inprogress", "Closed:done")
            self.adapter = adapter.DataCenter({"USER": adapter.Upstream(user), "DEV": adapter.Upstream(dev)})
        self.address = adapter.serve(self.adapter)
        self.api = self.address + self.adapter.api
        self.type = "Task"

    def start(self, python, script, *words):
        port = free_port()
        self.processes.append(subprocess.Popen([python, str(HERE / script), str(port), *words]))
        answers = lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True
        eventually(f"{script} listens", answers)
        return port

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait()

    def ask(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.api + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def report(self, summary):
        fields = {"project": {"key": "USER"}, "issuetype": {"name": self.type}, "summary": summary}
        return self.ask("POST", "/issue", {"fields": fields})["id"]

    def move(self, issue, status):
        offered = self.ask("GET", f"/issue/{issue}/transitions")["transitions"]
        wanted = next(it["id"] for it in offered if it["to"]["name"] == status)
        self.ask("POST", f"/issue/{issue}/transitions", {"transition": {"id": wanted}})

    def status(self, issue):
        return self.ask("GET", f"/issue/{issue}?fields=status")["fields"]["status"]["name"]

    def text(self, issue):
        return json.dumps(self.ask("GET", f"/issue/{issue}?fields=description")["fields"]["description"])

    def said(self, issue):
        return [json.dumps(it["body"]) for it in self.ask("GET", f"/issue/{issue}/comment")["comments"]]

    def dev_issues(self):
        path = "/search/jql" if self.adapter.api.endswith("3") else "/search"
        body = {"jql": "project = DEV", "fields": ["summary", "created", "updated", "status"]}
        return self.ask("POST", path, body)["issues"]


def flow(stand_in):
    rule = lambda **it: {"enabled": True, **it}
    create = {"createIssue": True, "addCrossLink": True, "addComment": True, "commentTemplate": "Dev: ${targetKey}"}
    close = {"syncStatus": True, "targetStatus": "Resolved", "addComment": True, "commentTemplate": "Fixed in ${sourceKey}"}
    return {
        "$schema": "flow.schema.json",
        "name": "stand-in",
        "jira": {"baseUrl": stand_in.address, "email": "agent@minutehand.invalid", "apiToken": "not-a-secret"},
        "userProjectKey": "USER",
        "devProjectKey": "DEV",
        "issueType": "Task",
        "syncIntervalSeconds": 1,
        "indexLagSeconds": 2,
        "rules": [
            rule(id="accepted", sourceStatus="Will Do", syncDirection="user_to_dev", actions=create),
            rule(id="closed", sourceStatus="Closed", syncDirection="dev_to_user", actions=close),
        ],
    }


class Daemon:
    """Lockstep at work on one flow."""

    def __init__(self, binary, folder, data):
        port = free_port()
        command = [binary, "run", "--flows", folder / "flows.d", "--store", f"sqlite:{folder / data}"]
        self.log = open(folder / f"{data}.log", "w")
        self.process = subprocess.Popen([*command, "--listen", f"127.0.0.1:{port}"], stdout=self.log, stderr=self.log)

    def cycles(self):
        """Completed cycles so far."""
        return Path(self.log.name).read_text().count("sync.cycle.completed")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(40) == 0, f"it did not end in order, see {self.log.name}"


def story(stand_in, binary, folder):
    (folder / "flows.d").mkdir()
    (folder / "flows.d" / "stand-in.json").write_text(json.dumps(flow(stand_in)))
    report = stand_in.report("The lamp is broken")
    untouched = stand_in.report("Not accepted")
    daemon = Daemon(binary, folder, "first")
    try:
        eventually("the first cycle is completed", lambda: daemon.cycles() > 0)
        assert stand_in.dev_issues() == [], "nothing is created for a report that was not accepted"
        stand_in.move(report, "Will Do")
        eventually("the report leads to its dev issue", lambda: "Dev Link" in stand_in.text(report))
        [dev] = stand_in.dev_issues()
        assert "User Link" in stand_in.text(dev["id"])
        eventually("the customer is told", lambda: any(dev["key"] in said for said in stand_in.said(report)))
        stand_in.move(dev["id"], "Closed")
        eventually("the report is resolved", lambda: stand_in.status(report) == "Resolved")
        eventually("the customer is told of it", lambda: any("Fixed in" in said for said in stand_in.said(report)))
        settled = daemon.cycles()
        eventually("three more cycles are completed", lambda: daemon.cycles() >= settled + 3)
    finally:
        daemon.stop()
    before = (stand_in.dev_issues(), stand_in.said(report), stand_in.text(report), stand_in.text(dev["id"]))
    assert len(before[0]) == 1 and len(before[1]) == 2, before
    assert stand_in.status(untouched) == "New"
    daemon = Daemon(binary, folder, "second")
    try:
        eventually("three cycles are completed with an empty data folder", lambda: daemon.cycles() >= 3)
    finally:
        daemon.stop()
    after = (stand_in.dev_issues(), stand_in.said(report), stand_in.text(report), stand_in.text(dev["id"]))
    assert before == after, "something was written again after the data folder was lost"


def main():
    name, python, binary = sys.argv[1:]
    stand_in = StandIn(name, python)
    folder = Path(tempfile.mkdtemp(prefix=f"lockstep-{name}-"))
    try:
        story(stand_in, binary, folder)
    except BaseException:
        print(f"{name}: FAILED; logs are in {folder}", file=sys.stderr)
        raise
    finally:
        stand_in.stop()
    asked = len(stand_in.adapter.requests)
    print(f"{name}: ok: one dev issue, two comments, nothing again after the data was lost ({asked} requests)")


if __name__ == "__main__":
    main()
