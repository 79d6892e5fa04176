"""A stand-in for the Hugging Face hub: what huggingface_hub asks of it to upload and download a folder."""

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import yaml

TOKEN = "hf_of_the_stand_in"


class Hub:
    """The state of the hub: the files of each commit of its models.

    Weights are uploaded by the protocol of Git LFS, other files within the commit. Who has no token may
    neither write nor read private models.
    """

    def __init__(self):
        self.commits = {}
        """By model: list of (commit, files)."""
        self.private = {}
        self.blobs = {}
        """Files that were uploaded by Git LFS, by SHA-256."""
        self.requests = []
        self.address = ""

    def commit(self, model, files):
        """Add a commit with all files of the last one and some others."""
        commits = self.commits.setdefault(model, [])
        files = {**(commits[-1][1] if commits else {}), **files}
        digest = hashlib.sha1(repr((len(commits), sorted(files.items()))).encode()).hexdigest()
        commits.append((digest, files))
        return digest

    def find(self, model, revision):
        """Return the commit and files of a revision; None: there is none."""
        commits = self.commits[model]
        return commits[-1] if revision == "main" else {c: (c, f) for c, f in commits}.get(revision)


class Handler(BaseHTTPRequestHandler):
    """Answers the requests of huggingface_hub."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    @property
    def hub(self):
        return self.server.hub

    def answer(self, content=b"", status=200, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def respond(self):
        path = unquote(urlsplit(self.path).path)
        self.hub.requests.append(f"{self.command} {path}")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        for pattern, route in ROUTES.items():
            match = re.fullmatch(pattern, f"{self.command} {path}")
            if match:
                return route(self, *match.groups(), body)
        return self.answer(status=404)

    do_GET = do_HEAD = do_POST = do_PUT = respond

    def is_allowed(self):
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def found(self, model, revision):
        """Return commit and files, or answer that there are none."""
        if model not in self.hub.commits or (self.hub.private.get(model) and not self.is_allowed()):
            return self.answer({"error": "not found"}, 404, X_Error_Code="RepoNotFound")
        found = self.hub.find(model, revision)
        return found or self.answer({"error": "no revision"}, 404, X_Error_Code="RevisionNotFound")

    def create(self, body):
        if not self.is_allowed():
            return self.answer({"error": "no token"}, 401)
        asked = json.loads(body)
        model = f"{asked['organization']}/{asked['name']}"
        if model in self.hub.commits:
            return self.answer({"url": f"{self.hub.address}/{model}"}, 409)
        self.hub.private[model] = asked.get("visibility") == "private" or asked.get("private") is True
        self.hub.commit(model, {".gitattributes": b"*.safetensors filter=lfs\n"})
        return self.answer({"url": f"{self.hub.address}/{model}"})

    def validate(self, body):
        fields = yaml.safe_load(json.loads(body)["content"].split("---\n")[1])
        missing = {"library_name", "tags"} - set(fields)
        return self.answer(
            {"errors": [{"message": f"no {missing}"}]} if missing else {}, 400 if missing else 200
        )

    def info(self, model, revision, body):
        found = self.found(model, revision or "main")
        return found and self.answer({"id": model, "sha": found[0], "private": self.hub.private.get(model)})

    def tree(self, model, revision, body):
        found = self.found(model, revision)
        return found and self.answer([entry(path, content) for path, content in found[1].items()])

    def resolve(self, model, revision, file, body):
        found = self.found(model, revision)
        if found and file not in found[1]:
            return self.answer(status=404, X_Error_Code="EntryNotFound")
        content = found[1][file]
        etag = entry(file, content).get("lfs", {}).get("oid") or entry(file, content)["oid"]
        return self.answer(content, X_Repo_Commit=found[0], ETag=f'"{etag}"')

    def preupload(self, model, body):
        files = [
            {"path": file["path"], "uploadMode": mode(file["path"]), "shouldIgnore": False}
            for file in json.loads(body)["files"]
        ]
        return self.answer({"files": files})

    def batch(self, body):
        objects = [
            {**one, "actions": {"upload": {"href": f"{self.hub.address}/lfs/{one['oid']}"}}}
            for one in json.loads(body)["objects"]
        ]
        return self.answer({"objects": objects, "transfer": "basic"})

    def store(self, digest, body):
        assert hashlib.sha256(body).hexdigest() == digest
        self.hub.blobs[digest] = body
        return self.answer()

    def commit(self, model, body):
        if not self.is_allowed():
            return self.answer({"error": "no token"}, 401)
        lines = [json.loads(line) for line in body.splitlines()]
        files = {x["value"]["path"]: x["value"] for x in lines if x["key"] in ("file", "lfsFile")}
        digest = self.hub.commit(
            model,
            {
                path: base64.b64decode(file["content"]) if "content" in file else self.hub.blobs[file["oid"]]
                for path, file in files.items()
            },
        )
        return self.answer({"commitUrl": f"{self.hub.address}/{model}/commit/{digest}", "commitOid": digest})


def mode(path):
    return "lfs" if path.endswith(".safetensors") else "regular"


def entry(path, content):
    """Return what the hub lists of a file."""
    oid = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    about = {"type": "file", "path": path, "size": len(content), "oid": oid}
    if mode(path) == "lfs":
        about["lfs"] = {"oid": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
    return about


MODEL = r"([\w.-]+/[\w.-]+)"
ROUTES = {
    "POST /api/repos/create": Handler.create,
    "POST /api/validate-yaml": Handler.validate,
    f"GET /api/models/{MODEL}(?:/revision/([^/]+))?": Handler.info,
    f"GET /api/models/{MODEL}/tree/([^/]+)": Handler.tree,
    f"(?:GET|HEAD) /{MODEL}/resolve/([^/]+)/(.+)": Handler.resolve,
    f"POST /api/models/{MODEL}/preupload/main": Handler.preupload,
    rf"POST /{MODEL[1:-1]}\.git/info/lfs/objects/batch": Handler.batch,
    r"PUT /lfs/(\w+)": Handler.store,
    f"POST /api/models/{MODEL}/commit/main": Handler.commit,
}


@contextmanager
def serve_hub():
    """Yield a hub that answers on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.hub = hub = Hub()
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
