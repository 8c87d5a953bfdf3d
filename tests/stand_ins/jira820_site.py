"""Serves jira820 with one empty project: PORT KEY STATUS:CATEGORY..."""

import sys

import uvicorn
from jira820.config import Config
from jira820.server import make_app
from jira820.store import Store

port, key, *statuses = sys.argv[1:]
listed = [[*status.split(":"), str(number + 1)] for number, status in enumerate(statuses)]
done = {name: ["resolution?"] for name, category, _ in listed if category == "done"}
config = Config(project_key=key, project_name=key, statuses=listed, transition_screens=done)
uvicorn.run(make_app(store=Store(config, seed=False)), host="127.0.0.1", port=int(port), log_level="warning")
