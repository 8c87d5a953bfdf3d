"""Serves minutehand's Jira with two projects: PORT."""

import datetime
import json
import sys
import tempfile
from pathlib import Path

import uvicorn
from minutehand.adapters.providers.jira.provider import JiraProvider
from minutehand.adapters.store.sqlite import SqliteStore
from minutehand.domain.scenario import Scenario


class RealTime:
    def now(self):
        return datetime.datetime.now(datetime.timezone.utc)

    def wake(self):
        return 0


def project(key, *statuses):
    listed = [{"name": name, "category": category} for name, category in statuses]
    return {"name": key, "key": key, "statuses": listed}


clock = RealTime()
seed = {
    "site": "stand-in",
    "projects": [
        project("USER", ("New", "new"), ("Will Do", "indeterminate"), ("Resolved", "done")),
        project("DEV", ("Open", "new"), ("In Progress", "indeterminate"), ("Closed", "done")),
    ],
}
scenario = Scenario(
    name="stand_in",
    starts_at=clock.now(),
    people=[],
    provider_seeds=[{"provider": "jira", "body": json.dumps(seed)}],
)
store = SqliteStore(Path(tempfile.mkdtemp()) / "world.db", "stand-in", clock)
jira = JiraProvider()
jira.seed(scenario, store)
uvicorn.run(jira.app(store, clock), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
