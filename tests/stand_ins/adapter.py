"""An HTTP adapter in front of a Jira stand-in: adds the endpoints and parameters that Lockstep uses and the stand-in lacks.

Everything else is passed on as it is. What is added is kept in memory: issue and comment properties, and, where a
stand-in knows only days, the moment of each write. Started by story.py.
"""

import datetime
import http.client
import http.server
import json
import re
import threading
import urllib.parse

ISSUE = re.compile(r"^/rest/api/[23]/issue/([^/]+)$")
BELOW_ISSUE = re.compile(r"^/rest/api/[23]/issue/([^/]+)/(.+)$")


def now():
    return datetime.datetime.now(datetime.timezone.utc)


def jira_time(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


class Upstream:
    """A server of a stand-in."""

    def __init__(self, port, host=None):
        self.port, self.host = port, host

    def ask(self, method, path, body=None, headers=None):
        headers = {"Accept": "application/json", **(headers or {})}
        if self.host:
            headers["Host"] = self.host
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def json(self, method, path, body=None):
        status, data = self.ask(method, path, body)
        return status, json.loads(data) if data else None


class Adapter:
    """What is added for every stand-in: properties, reads in batches, creates in bulk, a comment within an edit."""

    api = "/rest/api/3"

    def __init__(self, upstream):
        self.upstream = upstream
        self.properties = {}
        self.comment_properties = {}
        self.lock = threading.RLock()
        self.requests = []

    def answer(self, method, target, body):
        """Status and JSON (or bytes) for a request; `body` is parsed JSON or raw bytes."""
        with self.lock:
            url = urllib.parse.urlsplit(target)
            query = dict(urllib.parse.parse_qsl(url.query))
            self.requests.append(f"{method} {url.path}")
            return self.route(method, url.path, query, body)

    def route(self, method, path, query, body):
        if path.endswith("/serverInfo"):
            return self.server_info()
        if path == f"{self.api}/issue" and method == "POST":
            return self.create(body)
        if path == f"{self.api}/issue/bulk":
            return self.create_many(body)
        if path == f"{self.api}/issue/bulkfetch":
            return self.fetch(body)
        if path == f"{self.api}/changelog/bulkfetch":
            return 200, {"issueChangeLogs": []}
        if path in (f"{self.api}/search/jql", f"{self.api}/search") and method == "POST":
            return self.search(body)
        if found := ISSUE.match(path):
            if method == "GET":
                return self.read(found[1], query)
            if method == "PUT":
                return self.edit(found[1], body)
        if found := BELOW_ISSUE.match(path):
            issue, rest = found.groups()
            if rest.startswith("properties/"):
                return self.property(method, issue, rest.split("/", 1)[1], body)
            if rest == "comment":
                return self.add_comment(issue, body) if method == "POST" else self.comments(issue, query)
        return self.pass_on(method, path, query, body)

    def pass_on(self, method, path, query, body):
        target = path + ("?" + urllib.parse.urlencode(query) if query else "")
        return self.upstream.ask(method, target, body)

    def server_info(self):
        status, info = self.upstream.json("GET", f"{self.api}/serverInfo")
        return status, {**info, "baseUrl": self.address, "serverTime": jira_time(now())}

    def id_of(self, issue):
        status, found = self.upstream.json("GET", f"{self.api}/issue/{issue}?fields=status")
        return found["id"] if status == 200 else None

    def create(self, body):
        properties = body.pop("properties", [])
        status, made = self.upstream.json("POST", f"{self.api}/issue", body)
        if status == 201:
            self.properties[made["id"]] = {it["key"]: it["value"] for it in properties}
        return status, made

    def create_many(self, body):
        issues, errors = [], []
        for number, update in enumerate(body["issueUpdates"]):
            status, made = self.create(update)
            if status == 201:
                issues.append(made)
            else:
                errors.append({"status": status, "elementErrors": made, "failedElementNumber": number})
        return (201 if issues else 400), {"issues": issues, "errors": errors}

    def edit(self, issue, body):
        properties = body.pop("properties", [])
        comments = body.get("update", {}).pop("comment", [])
        if not body.get("update"):
            body.pop("update", None)
        if body:
            status, answer = self.upstream.ask("PUT", f"{self.api}/issue/{issue}", body)
            if status >= 300:
                return status, answer
        for comment in comments:
            status, answer = self.add_comment(issue, comment["add"])
            if status >= 300:
                return status, answer
        mine = self.properties.setdefault(self.id_of(issue), {})
        mine.update({it["key"]: it["value"] for it in properties})
        return 204, b""

    def property(self, method, issue, key, value):
        mine = self.properties.setdefault(self.id_of(issue), {})
        if method == "PUT":
            mine[key] = value
            return 201, b""
        if key not in mine:
            return 404, {"errorMessages": ["The property does not exist."], "errors": {}}
        if method == "DELETE":
            del mine[key]
            return 204, b""
        return 200, {"key": key, "value": mine[key]}

    def add_comment(self, issue, body):
        properties = body.pop("properties", [])
        status, made = self.upstream.json("POST", f"{self.api}/issue/{issue}/comment", body)
        if status == 201:
            self.comment_properties[made["id"]] = properties
        return status, made

    def comments(self, issue, query):
        query.pop("expand", None)
        path = f"{self.api}/issue/{issue}/comment?{urllib.parse.urlencode(query)}"
        status, page = self.upstream.json("GET", path)
        if status == 200:
            for comment in page["comments"]:
                comment["properties"] = self.comment_properties.get(comment["id"], [])
        return status, page

    def read(self, issue, query):
        expand = query.get("expand", "").split(",")
        wanted = {"fields": query["fields"]} if "fields" in query else {}
        if "changelog" in expand:
            wanted["expand"] = "changelog"
        status, found = self.upstream.json("GET", f"{self.api}/issue/{issue}?{urllib.parse.urlencode(wanted)}")
        if status != 200:
            return status, found
        if any(word.startswith("transitions") for word in expand):
            _, offered = self.upstream.json("GET", f"{self.api}/issue/{issue}/transitions")
            found["transitions"] = offered["transitions"]
        return status, self.dressed(found)

    def dressed(self, issue):
        """An issue with what the stand-in does not know of it."""
        return {**issue, "properties": self.properties.get(issue["id"], {})}

    def fetch(self, body):
        query = {"fields": ",".join(body["fields"]), "expand": ",".join(body.get("expand", []))}
        read = [self.read(name, query) for name in body["issueIdsOrKeys"]]
        return 200, {"issues": [issue for status, issue in read if status == 200], "issueErrors": []}

    def search(self, body):
        body.pop("properties", None)
        status, page = self.upstream.json("POST", f"{self.api}/search/jql", body)
        if status == 200:
            page["issues"] = [self.dressed(issue) for issue in page["issues"]]
        return status, page


class Cloud(Adapter):
    """minutehand: Jira Cloud's API v3, reached by the name of its site."""


class DataCenter(Adapter):
    """jira820: API v2. Each of its servers has one project, knows issues by key and time by the day."""

    api = "/rest/api/2"

    def __init__(self, upstreams):
        super().__init__(next(iter(upstreams.values())))
        self.upstreams = upstreams
        self.ids = {str(10000 + n): key for n, key in enumerate(upstreams)}
        self.keys = {}
        self.written = {}
        self.moves = {}

    def route(self, method, path, query, body):
        parts = path.removeprefix(self.api + "/").split("/")
        if parts[0] == "project" and len(parts) > 1:
            return self.project(parts[1], parts[2:])
        if parts[:2] == ["issue", "createmeta"]:
            return self.createmeta(parts[2], parts[4:])
        if parts[0] == "issue" and len(parts) > 1 and parts[1] not in ("bulk",):
            key = self.key_of(parts[1])
            if key is None:
                return 404, {"errorMessages": ["Issue Does Not Exist"], "errors": {}}
            parts[1] = key
            path = self.api + "/" + "/".join(parts)
            self.upstream = self.upstreams[key.rsplit("-", 1)[0]]
            if method in ("POST", "PUT") and parts[2:] != ["remotelink"]:
                self.note(key, moved=parts[2:] == ["transitions"])
        return super().route(method, path, query, body)

    def note(self, key, moved=False):
        self.written[key] = now()
        if moved:
            self.moves.setdefault(key, []).append(self.written[key])

    def all_issues(self):
        for project, upstream in self.upstreams.items():
            query = urllib.parse.urlencode({"jql": f"project = {project}", "maxResults": 1000})
            _, page = upstream.json("GET", f"{self.api}/search?{query}")
            for issue in page["issues"]:
                self.keys[issue["id"]] = issue["key"]
                yield issue

    def key_of(self, issue):
        if "-" in issue:
            return issue
        if issue not in self.keys:
            list(self.all_issues())
        return self.keys.get(issue)

    def project(self, name, rest):
        key = self.ids.get(name, name)
        if key not in self.upstreams:
            return 404, {"errorMessages": [f"No project could be found with key '{name}'."], "errors": {}}
        if rest:
            return self.upstreams[key].json("GET", f"{self.api}/project/{key}/{rest[0]}")
        return 200, self.project_of(key)

    def project_of(self, key):
        number = next(number for number, known in self.ids.items() if known == key)
        return {"id": number, "key": key, "name": key}

    def createmeta(self, project, rest):
        upstream = self.upstreams[self.ids.get(project, project)]
        _, types = upstream.json("GET", f"{self.api}/issuetype")
        if not rest:
            return 200, {"startAt": 0, "maxResults": 50, "total": len(types), "isLast": True, "values": types}
        _, meta = upstream.json("GET", f"{self.api}/issue/createmeta")
        fields = meta["projects"][0]["issuetypes"][0]["fields"]
        values = [{"fieldId": name, "hasDefaultValue": False, "operations": ["set"], **it} for name, it in fields.items()]
        return 200, {"startAt": 0, "maxResults": 50, "total": len(values), "isLast": True, "values": values}

    def create(self, body):
        project = body["fields"]["project"]
        key = project.get("key") or self.ids[project["id"]]
        body["fields"]["project"] = {"key": key}
        self.upstream = self.upstreams[key]
        status, made = super().create(body)
        if status == 201:
            self.keys[made["id"]] = made["key"]
            self.note(made["key"])
        return status, made

    def dressed(self, issue):
        key, fields = issue["key"], issue["fields"]
        fields["project"] = self.project_of(key.rsplit("-", 1)[0])
        if "updated" in fields and key in self.written:
            fields["updated"] = jira_time(self.written[key])
        for history, at in zip(issue.get("changelog", {}).get("histories", []), self.moves.get(key, [])):
            history["created"] = jira_time(at)
        return super().dressed(issue)

    def search(self, body):
        """Of the query only what Lockstep asks: projects, and a time from which on."""
        jql = body["jql"]
        projects = re.search(r"project (?:in \(([^)]*)\)|= (\S+))", jql)
        named = re.findall(r'[^\s,"]+', projects[1] or projects[2])
        wanted = {self.ids.get(name, name) for name in named}
        found = [self.dressed(issue) for issue in self.all_issues() if issue["key"].rsplit("-", 1)[0] in wanted]
        field = "created" if "ORDER BY created" in jql else "updated"
        since = re.search(rf"{field} >= (\d+)", jql)
        moment = lambda issue: datetime.datetime.strptime(issue["fields"][field], "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
        if since:
            found = [issue for issue in found if moment(issue) * 1000 >= int(since[1])]
        found.sort(key=lambda issue: (moment(issue), int(issue["key"].rsplit("-", 1)[1])))
        start, most = body.get("startAt", 0), body.get("maxResults", 50)
        return 200, {"startAt": start, "maxResults": most, "total": len(found), "issues": found[start : start + most]}


def serve(adapter):
    """Serves an adapter on a free port of loopback; returns its address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            is_json = "json" in (self.headers.get("Content-Type") or "") and raw
            status, answer = adapter.answer(self.command, self.path, json.loads(raw) if is_json else raw or None)
            data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            if data:
                self.send_header("Content-Type", "application/json;charset=UTF-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_DELETE = handle_any

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    adapter.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return adapter.address
