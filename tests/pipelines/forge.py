"""Just enough of GitHub, GitLab and the cloud's token service, on this machine alone.

GitHub gives each job a token with the permissions that its workflow asks for, and does nothing
for a token that lacks them. The token service trusts whom the policies of examples/ci/roles trust,
and the keys of a role can do what its policy allows; all else is passed on to the simulated cloud.
"""

import base64
import http.client
import json
import re
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

BOT = {"login": "github-actions[bot]", "id": 41898282, "type": "Bot"}
GITLAB_BOT = {"username": "project_7_bot", "id": 77}
ISSUER = {"github": "https://token.actions.githubusercontent.com", "gitlab": "https://gitlab.example.com"}


class Refused(Exception):
    def __init__(self, status, message):
        super().__init__(message)
        self.status, self.message = status, message


def now(later=0):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + later))


def need(grants, permission, level):
    levels = {"read": 1, "write": 2}
    if levels.get(grants.get(permission), 0) < levels[level]:
        raise Refused(403, f"Resource not accessible by integration: needs {permission}: {level}")


class World:
    """What the forges and the cloud know."""

    def __init__(self, roles, keys, simulator):
        self.lock = threading.RLock()
        self.tokens = {}  # of GitHub's jobs: what each may do
        self.identity_requests = {}  # the bearer of a request for an OIDC token: the subject
        self.pulls, self.comments, self.issues, self.artifacts = {}, {}, {}, {}
        self.identities = set()  # the OIDC tokens that were given out
        self.last, self.log, self.calls = 100, [], []
        self.roles, self.keys, self.simulator = roles, keys, simulator
        self.gitlab_token = "glpat-not-a-real-token"

    def number(self):
        self.last += 1
        return self.last

    def identity(self, issuer, subject, audience):
        claims = {"iss": ISSUER[issuer], "sub": subject, "aud": audience}
        token = f"x.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.x"
        self.identities.add(token)
        return token

    # GitHub

    def github(self, method, path, query, body, token):
        if token not in self.tokens:
            raise Refused(401, "Bad credentials")
        grants = self.tokens[token]
        path = path.removeprefix("/repos/acme/edge")
        if match := re.fullmatch(r"/commits/(\w+)/pulls", path):
            need(grants, "contents", "read")
            need(grants, "pull-requests", "read")
            found = [pull for pull in self.pulls.values() if pull.get("merge_commit_sha") == match[1]]
            return page(found, query)
        if match := re.fullmatch(r"/pulls/(\d+)", path):
            need(grants, "pull-requests", "read")
            return self.pulls[int(match[1])]
        if path == "/actions/artifacts":
            need(grants, "actions", "read")
            found = [about for about, _ in self.artifacts.values() if about["name"] == query["name"][0]]
            return {"artifacts": found}
        if match := re.fullmatch(r"/actions/artifacts/(\d+)/zip", path):
            need(grants, "actions", "read")
            return self.artifacts[int(match[1])][1]
        if match := re.fullmatch(r"/issues/(\d+)/comments", path):
            need(grants, "pull-requests", "read" if method == "GET" else "write")
            if method == "GET":
                found = [note for note in self.comments.values() if note["pull"] == int(match[1])]
                return page(found, query)
            return self.comment(int(match[1]), body["body"], BOT)
        if match := re.fullmatch(r"/issues/comments/(\d+)", path):
            need(grants, "pull-requests", "write")
            note = self.comments[int(match[1])]
            note.update(body=body["body"], updated_at=now())
            return note
        if path == "/issues":
            need(grants, "issues", "read" if method == "GET" else "write")
            if method == "GET":
                labels = set(query["labels"][0].split(","))
                found = [
                    issue
                    for issue in self.issues.values()
                    if issue["state"] == query["state"][0]
                    and labels <= {label["name"] for label in issue["labels"]}
                ]
                return page(found, query)
            number = self.number()
            self.issues[number] = {"number": number, "state": "open", "user": BOT}
            return self.change_issue(number, body)
        if match := re.fullmatch(r"/issues/(\d+)", path):
            need(grants, "issues", "write")
            return self.change_issue(int(match[1]), body)
        raise Refused(404, "Not Found")

    def comment(self, pull, text, user, later=0):
        note = {
            "id": self.number(),
            "pull": pull,
            "body": text,
            "user": user,
            "created_at": now(later),
            "updated_at": now(later),
            "html_url": "http://localhost/comment",
            "author_association": "NONE",
        }
        self.comments[note["id"]] = note
        return note

    def change_issue(self, number, body):
        if "labels" in body:
            body["labels"] = [{"name": name} for name in body["labels"]]
        self.issues[number].update(body)
        return self.issues[number]

    # GitLab

    def gitlab(self, method, path, query, body, token):
        if token != self.gitlab_token:
            raise Refused(401, "Unauthorized")
        if path == "/user":
            return GITLAB_BOT
        path = path.removeprefix("/projects/7")
        if match := re.fullmatch(r"/repository/commits/(\w+)/merge_requests", path):
            found = [pull for pull in self.pulls.values() if pull.get("merge_commit_sha") == match[1]]
            return page(found, query)
        if match := re.fullmatch(r"/merge_requests/(\d+)", path):
            return self.pulls[int(match[1])]
        if match := re.fullmatch(r"/merge_requests/(\d+)/notes", path):
            if method == "GET":
                found = [note for note in self.comments.values() if note["pull"] == int(match[1])]
                return page(found, query)
            return self.note(int(match[1]), body["body"], GITLAB_BOT)
        if match := re.fullmatch(r"/merge_requests/\d+/notes/(\d+)", path):
            note = self.comments[int(match[1])]
            note.update(body=body["body"], updated_at=now())
            return note
        if match := re.fullmatch(r"/merge_requests/(\d+)/pipelines", path):
            kept = [about for about, _ in self.artifacts.values() if about.get("iid") == match[1]]
            return [{"id": about["id"], "sha": about["sha"]} for about in kept]
        if match := re.fullmatch(r"/pipelines/(\d+)/jobs", path):
            # One job a pipeline: they share the id.
            return [{"id": int(match[1]), "name": self.artifacts[int(match[1])][0]["name"]}]
        if match := re.fullmatch(r"/jobs/(\d+)/artifacts/(.+)", path):
            return self.artifacts[int(match[1])][1][match[2]]
        if path == "/issues" and method == "GET":
            found = [
                issue
                for issue in self.issues.values()
                if issue["state"] == query["state"][0] and query["labels"][0] in issue["labels"]
            ]
            return page(found, query)
        if path == "/issues":
            number = self.number()
            self.issues[number] = {"iid": number, "state": "opened"}
            return self.change_gitlab_issue(number, body)
        if match := re.fullmatch(r"/issues/(\d+)", path):
            return self.change_gitlab_issue(int(match[1]), body)
        raise Refused(404, "404 Not Found")

    def note(self, pull, text, author, later=0):
        note = self.comment(pull, text, None, later)
        # GitLab tells fractions of seconds.
        times = {key: note[key].replace("Z", ".123Z") for key in ("created_at", "updated_at")}
        note.update(author=author, system=False, **times)
        del note["user"]
        return note

    def change_gitlab_issue(self, number, body):
        if body.pop("state_event", None) == "close":
            body["state"] = "closed"
        if "labels" in body:
            body["labels"] = body["labels"].split(",")
        self.issues[number].update(body)
        return self.issues[number]

    # The cloud

    def assume(self, body):
        claims = json.loads(base64.urlsafe_b64decode(body["WebIdentityToken"].split(".")[1]))
        role = self.roles.get(body["RoleArn"])
        if role is None:
            raise Refused(200, "no such role")
        for statement in role["trust"]:
            wanted = statement["condition"]["string_equal"]
            provider = statement["principal"]["federated"][0].rsplit("/", 1)[1]
            fits = all(claims[key.removeprefix("oidc:")] in allowed for key, allowed in wanted.items())
            if fits and provider == body["ProviderId"]:
                id, key = self.keys[role["keys"]]
                return {
                    "Credentials": {"TmpSecretId": id, "TmpSecretKey": key, "Token": ""},
                    "ExpiredTime": int(time.time()) + 7200,
                }
        raise Refused(200, f"the role {body['RoleArn']} does not trust {claims}")

    def allows(self, id, action, service):
        for role in self.roles.values():
            if self.keys[role["keys"]][0] == id:
                return f"{service}:{action}" in role["actions"]
        return False


def page(found, query):
    size, number = int(query["per_page"][0]), int(query["page"][0])
    return found[size * (number - 1) : size * number]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, content, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def handle_any(self):
        world, url = self.server.world, urlparse(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("X-TC-Action"):
            self.cloud(world, content)
            return
        query, body = parse_qs(url.query), json.loads(content) if content else None
        bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        try:
            with world.lock:
                if url.path == "/oidc":
                    if bearer not in world.identity_requests:
                        raise Refused(401, "no identity for you")
                    subject = world.identity_requests[bearer]
                    found = {"value": world.identity("github", subject, query["audience"][0])}
                elif url.path.startswith("/api/v4/"):
                    token = self.headers.get("PRIVATE-TOKEN") or bearer
                    path = url.path.removeprefix("/api/v4")
                    world.log.append((self.command, path))
                    found = world.gitlab(self.command, path, query, body, token)
                else:
                    world.log.append((self.command, url.path))
                    found = world.github(self.command, url.path, query, body, bearer)
                status = 201 if self.command == "POST" else 200
                content = found if isinstance(found, bytes) else json.dumps(found).encode()
        except Refused as refused:
            status, content = refused.status, json.dumps({"message": refused.message}).encode()
        except KeyError as error:
            status, content = 404, json.dumps({"message": f"Not Found: {error}"}).encode()
        self.answer(status, content)

    do_GET = do_POST = do_PUT = do_PATCH = handle_any

    def cloud(self, world, content):
        action = self.headers["X-TC-Action"]
        try:
            if action == "AssumeRoleWithWebIdentity":
                response = world.assume(json.loads(content))
                response["RequestId"] = "0"
                self.answer(200, json.dumps({"Response": response}).encode())
                return
            id = re.search(r"Credential=([^/]+)/", self.headers["Authorization"])[1]
            service = "tag" if "Resources" in action else "tse"
            world.calls.append((id, action))
            if not world.allows(id, action, service):
                raise Refused(200, f"{id} may not call {service}:{action}")
        except Refused as refused:
            error = {"Code": "AuthFailure.UnauthorizedOperation", "Message": refused.message}
            self.answer(200, json.dumps({"Response": {"Error": error, "RequestId": "0"}}).encode())
            return
        # The signature covers the host, which therefore stays as it was.
        connection = http.client.HTTPConnection(world.simulator, timeout=60)
        connection.request("POST", self.path, content, dict(self.headers))
        answer = connection.getresponse()
        self.answer(answer.status, answer.read(), answer.headers["Content-Type"])
        connection.close()


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        """Says nothing of a client that has gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(*_)


def serve(world):
    """Serves in the background; returns the address."""
    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.world = True, world
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"127.0.0.1:{server.server_port}"
