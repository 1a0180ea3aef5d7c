"""Puts this folder's student on a Vertex AI endpoint, asks it, and takes it all down again.

    pip install -r deploy/requirements.txt
    gcloud auth application-default login
    python deploy/vertex.py up --project P --region us-central1 --bucket B --repository R
    python deploy/vertex.py predict --project P --region us-central1 --text "where do fish live?"
    python deploy/vertex.py down --project P --region us-central1

Add --dry-run to see every call instead of making it. What `up` made is kept in vertex.json (--state), from the moment
it is made: `predict` finds the endpoint there, and `down` removes what is in it and nothing else.
"""

import argparse
import gzip
import io
import json
import os
import sys
import tarfile
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent
SOURCE = ("Dockerfile", "requirements.txt", "serve")  # what the image is built of; the model comes from the bucket
NOT_SERVED = "model.safetensors"


class Failed(Exception):
    """Something that did not work, in words."""


class Unknown:
    """In a dry run: what a call would have returned."""

    def __init__(self, name):
        self.name = name

    def __getattr__(self, name):
        return Unknown(f"{self.name}.{name}")

    def __call__(self, *_, **__):
        return Unknown(f"{self.name}(…)")

    def __str__(self):
        return f"<{self.name}>"


def shown(value):
    if isinstance(value, Unknown):
        return str(value)
    return repr(getattr(value, "resource_name", value) if not isinstance(value, Path) else str(value))


class Cloud:
    """Google's services. Every call goes through here, and is said before it is made; a dry run ends there."""

    def __init__(self, options):
        self.options, self.project, self.region = options, options.project, options.region
        self.dry = options.dry_run
        if self.dry:
            self.aiplatform = Unknown("aiplatform")
            self.storage = Unknown("storage.Client()")
            return
        try:
            import google.auth
            from google.auth.credentials import AnonymousCredentials
            from google.auth.transport.requests import AuthorizedSession
            # For traces that nobody takes here, the client would ask for each bucket once more, in a thread of its own.
            os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
            from google.cloud import aiplatform, storage
        except ImportError as fault:
            raise Failed(f"{fault.name} is not installed. Run: pip install -r deploy/requirements.txt") from None
        origin = options.origin
        if origin is None:
            credentials, _ = google.auth.default(scopes=["https://www.googleapis.com/auth/cloud-platform"])
        else:
            credentials = AnonymousCredentials()
        self.session = AuthorizedSession(credentials)
        self.aiplatform = aiplatform
        aiplatform.init(
            project=self.project,
            location=self.region,
            credentials=credentials,
            api_transport="rest",
            **({"api_endpoint": origin} if origin else {}),
        )
        self.storage = storage.Client(
            self.project, credentials, client_options={"api_endpoint": origin} if origin else None
        )

    def call(self, name, function, *args, **kwargs):
        given = [shown(one) for one in args] + [f"{key}={shown(value)}" for key, value in kwargs.items()]
        print(f"{name}({', '.join(given)})", flush=True)
        return Unknown(name) if self.dry else function(*args, **kwargs)

    def rest(self, method, service, path, body=None):
        """One of the services that have no client here. Returns the JSON of its answer."""
        address = f"{self.options.origin or f'https://{service}.googleapis.com'}/v1/{path}"
        print(f"{method} {address}" + ("" if body is None else f" {json.dumps(body)}"), flush=True)
        if self.dry:
            return {"name": f"<{service} operation>", "done": True}
        response = self.session.request(method, address, json=body, timeout=60)
        if response.ok:
            return response.json()
        if method == "DELETE" and response.status_code == 404:
            return {"done": True}
        raise Failed(f"{service} answered {response.status_code}: {response.text[:500].strip()}")

    def wait(self, service, operation, what):
        """Waits for an operation that takes minutes; raises Failed with the service's own words."""
        end = time.monotonic() + self.options.timeout_s
        said = time.monotonic()
        while not operation.get("done"):
            if time.monotonic() > end:
                raise Failed(f"{what} took more than {self.options.timeout_s} s. It may still be running: {operation['name']}")
            time.sleep(self.options.poll_s)
            if time.monotonic() - said > 30:
                said = time.monotonic()
                print(f"{what} goes on …", flush=True)
            operation = self.rest("GET", service, operation["name"])
        if "error" in operation:
            log = operation.get("metadata", {}).get("build", {}).get("logUrl")
            told = f" Its log: {log}" if log else ""
            raise Failed(f"{what} failed: {operation['error'].get('message', operation['error'])}{told}")
        return operation


class Made:
    """What was made and is to be removed again, kept in a file from the moment it is made."""

    def __init__(self, path, options):
        self.path, self.dry = Path(path), options.dry_run
        self.where = {"project": options.project, "region": options.region}
        self.things, self.in_hand = [], None
        if self.path.exists():
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            if {key: kept.get(key) for key in self.where} != self.where:
                raise Failed(
                    f"{self.path} is of project {kept.get('project')} in {kept.get('region')}. "
                    "Name that project and region, or another file with --state."
                )
            self.things = kept["made"]

    def begin(self, kind, name):
        """Says what is being made: it may be there even where the call fails."""
        self.in_hand = (kind, name)

    def add(self, kind, **named):
        self.in_hand = None
        self.things.append({"kind": kind, **{key: str(value) for key, value in named.items()}})
        self.write()

    def remove(self, thing):
        self.things.remove(thing)
        self.write()

    def write(self):
        if self.dry:
            return
        if self.things:
            text = json.dumps({**self.where, "made": self.things}, indent=2)
            self.path.write_text(f"{text}\n", encoding="utf-8")
        else:
            self.path.unlink(missing_ok=True)

    def find(self, kind):
        return next((thing for thing in self.things if thing["kind"] == kind), None)


def words(thing):
    return f"{thing['kind']} {thing['name']}" + (f" on {thing['endpoint']}" if "endpoint" in thing else "")


def source_archive():
    """What Cloud Build gets: the server without a model, in an archive that is the same each time."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as outer, tarfile.open(fileobj=outer, mode="w") as tar:
        for name in SOURCE:
            path = FOLDER / name
            for one in [path] if path.is_file() else sorted(path.rglob("*.py")):
                tar.add(one, one.relative_to(FOLDER).as_posix(), recursive=False, filter=plain)
        empty = tarfile.TarInfo("model")
        empty.type, empty.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(empty)
    return packed.getvalue()


def plain(entry):
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o644
    return entry


def upload_artefacts(cloud, made, options):
    model = Path(options.model)
    files = sorted(path for path in model.rglob("*") if path.is_file() and path.name != NOT_SERVED)
    if not any(path.suffix == ".onnx" for path in files):
        raise Failed(f"{model} has no onnx/*.onnx. Name the folder of the served model with --model.")
    if options.create_bucket:
        cloud.call("storage.create_bucket", cloud.storage.create_bucket, options.bucket, location=options.region)
        made.add("bucket", name=options.bucket)
    bucket = cloud.storage.bucket(options.bucket)
    for path in files:
        name = f"{options.prefix}/{path.relative_to(model).as_posix()}"
        # 0: nothing of that name may be there, so that nobody's file is replaced, and taken down later.
        cloud.call(
            f"bucket.blob({name!r}).upload_from_filename",
            bucket.blob(name).upload_from_filename,
            path,
            if_generation_match=0,
            timeout=600,
        )
        made.add("object", name=name, bucket=options.bucket)


def build_image(cloud, made, options):
    """The image's address; it is built only where none was named."""
    if options.image is not None:
        return options.image
    parent = f"projects/{options.project}/locations/{options.region}"
    if options.create_repository:
        path = f"{parent}/repositories?repositoryId={options.repository}"
        operation = cloud.rest("POST", "artifactregistry", path, {"format": "DOCKER"})
        cloud.wait("artifactregistry", operation, "Making the repository")
        made.add("repository", name=f"{parent}/repositories/{options.repository}")
    source = f"{options.prefix}-source.tgz"
    cloud.call(
        f"bucket.blob({source!r}).upload_from_string",
        cloud.storage.bucket(options.bucket).blob(source).upload_from_string,
        *([Unknown("archive")] if cloud.dry else [source_archive()]),
        content_type="application/gzip",
        if_generation_match=0,
    )
    made.add("object", name=source, bucket=options.bucket)
    host = f"{options.region}-docker.pkg.dev"
    image = f"{host}/{options.project}/{options.repository}/{options.image_name}:{options.image_tag}"
    build = {
        "source": {"storageSource": {"bucket": options.bucket, "object": source}},
        "steps": [{"name": "gcr.io/cloud-builders/docker", "args": ["build", "-t", image, "."]}],
        "images": [image],
        "timeout": f"{options.timeout_s}s",
    }
    operation = cloud.rest("POST", "cloudbuild", f"{parent}/builds", build)
    cloud.wait("cloudbuild", operation, "The build of the image")
    made.add("image", name=f"{parent}/repositories/{options.repository}/packages/{options.image_name}")
    return image


def up(cloud, made, options):
    if made.things:
        raise Failed(f"{made.path} has what an earlier run made. Run `down` first, or name another file with --state.")
    upload_artefacts(cloud, made, options)
    image = build_image(cloud, made, options)
    made.begin("model", options.name)
    environment = dict(pair.split("=", 1) for pair in options.env)
    model = cloud.call(
        "aiplatform.Model.upload",
        cloud.aiplatform.Model.upload,
        display_name=options.name,
        description=options.description,
        artifact_uri=f"gs://{options.bucket}/{options.prefix}",
        serving_container_image_uri=image,
        serving_container_predict_route=options.predict_route,
        serving_container_health_route=options.health_route,
        serving_container_ports=[options.port],
        **({"serving_container_environment_variables": environment} if environment else {}),
    )
    made.add("model", name=model.resource_name)
    if options.endpoint is None:
        made.begin("endpoint", options.endpoint_name or f"{options.name}_endpoint")
        endpoint = cloud.call(
            "aiplatform.Endpoint.create",
            cloud.aiplatform.Endpoint.create,
            display_name=options.endpoint_name or f"{options.name}_endpoint",
        )
        made.add("endpoint", name=endpoint.resource_name)
    else:
        endpoint = cloud.call("aiplatform.Endpoint", cloud.aiplatform.Endpoint, options.endpoint)
    before = set() if cloud.dry else {one.id for one in endpoint.list_models()}
    accelerator = {"accelerator_type": options.accelerator, "accelerator_count": options.accelerator_count}
    try:
        cloud.call(
            "model.deploy",
            model.deploy,
            endpoint=endpoint,
            machine_type=options.machine,
            min_replica_count=options.min_replicas,
            max_replica_count=options.max_replicas,
            **(accelerator if options.accelerator else {}),
            **(
                {"traffic_split": options.traffic_split}
                if options.traffic_split
                else {"traffic_percentage": options.traffic}
            ),
            deploy_request_timeout=options.timeout_s,
            sync=True,
        )
    finally:
        # A deployment that failed, or was not waited for, may be there nevertheless.
        now = {"<deployed model>"} if cloud.dry else {one.id for one in endpoint.list_models()}
        for found in sorted(now - before):
            made.add("deployment", name=found, endpoint=endpoint.resource_name)
    print(f"Endpoint: {endpoint.resource_name}", flush=True)
    if options.text:
        ask(cloud, endpoint, options)


def ask(cloud, endpoint, options):
    parameters = json.loads(options.parameters) if options.parameters else None
    answered = cloud.call("endpoint.predict", endpoint.predict, instances=options.text, parameters=parameters)
    if not cloud.dry:
        print(json.dumps(answered.predictions, ensure_ascii=False), flush=True)


def predict(cloud, made, options):
    kept = made.find("deployment") or made.find("endpoint")
    name = options.endpoint or (kept and kept.get("endpoint", kept["name"]))
    if name is None:
        raise Failed(f"No endpoint is known: {made.path} has none. Name one with --endpoint.")
    ask(cloud, cloud.call("aiplatform.Endpoint", cloud.aiplatform.Endpoint, name), options)


def take_down(cloud, thing, options):
    kind, name = thing["kind"], thing["name"]
    if kind == "deployment":
        endpoint = cloud.call("aiplatform.Endpoint", cloud.aiplatform.Endpoint, thing["endpoint"])
        split = {"traffic_split": options.traffic_split} if options.traffic_split else {}
        cloud.call("endpoint.undeploy", endpoint.undeploy, deployed_model_id=name, sync=True, **split)
    elif kind == "endpoint":
        endpoint = cloud.call("aiplatform.Endpoint", cloud.aiplatform.Endpoint, name)
        cloud.call("endpoint.delete", endpoint.delete, sync=True)
    elif kind == "model":
        model = cloud.call("aiplatform.Model", cloud.aiplatform.Model, name)
        cloud.call("model.delete", model.delete, sync=True)
    elif kind in ("image", "repository"):
        operation = cloud.rest("DELETE", "artifactregistry", name)
        cloud.wait("artifactregistry", operation, f"Deleting the {kind}")
    elif kind == "object":
        blob = cloud.storage.bucket(thing["bucket"]).blob(name)
        cloud.call(f"bucket.blob({name!r}).delete", blob.delete)
    else:
        cloud.call("bucket.delete", cloud.storage.bucket(name).delete)


def down(cloud, made, options):
    if not made.things:
        raise Failed(f"{made.path} has nothing to take down. Name the file that `up` wrote with --state.")
    faults = []
    for thing in reversed(made.things[:]):
        try:
            take_down(cloud, thing, options)
        except Exception as fault:  # what is left must be said, whatever went wrong
            if getattr(fault, "code", None) != 404:  # 404: it is gone already
                faults.append(f"{words(thing)}: {fault}")
                continue
        made.remove(thing)
    if faults:
        raise Failed("Some could not be deleted:\n" + "\n".join(faults))


def traffic_split(text):
    """`0=20,5=80`: shares of the new deployment (0) and of others by their ids."""
    try:
        split = {key: int(share) for key, share in (part.split("=") for part in text.split(","))}
    except ValueError:
        raise argparse.ArgumentTypeError("it is not like 0=20,5=80") from None
    if sum(split.values()) != 100 or min(split.values()) < 0:
        raise argparse.ArgumentTypeError("the shares do not add up to 100")
    return split


def arguments(argv):
    told = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = argparse.ArgumentParser(add_help=False)
    every.add_argument("--project", required=True)
    every.add_argument("--region", required=True, help="as in us-central1")
    every.add_argument("--state", default="vertex.json", help="the file of what was made (vertex.json)")
    every.add_argument("--dry-run", action="store_true", help="says every call and makes none")
    every.add_argument("--timeout-s", type=int, default=1800, help="the most that a build or a deployment takes")
    every.add_argument("--poll-s", type=float, default=5)
    every.add_argument("--origin", help="another address for all services, asked without credentials: an imitation")
    commands = told.add_subparsers(dest="command", required=True)

    one = commands.add_parser("up", parents=[every], help="uploads, builds, deploys")
    one.add_argument("--model", default=str(FOLDER / "model"), help=f"the artefacts; {NOT_SERVED} stays here")
    one.add_argument("--bucket", required=True)
    one.add_argument("--create-bucket", action="store_true")
    one.add_argument("--prefix", help="folder in the bucket (the name)")
    one.add_argument("--repository", help="in Artifact Registry; needed where the image is built")
    one.add_argument("--create-repository", action="store_true")
    one.add_argument("--image-name", default="stillroom-server")
    one.add_argument("--image-tag", default="latest")
    one.add_argument("--image", help="an image that is there; none is built")
    one.add_argument("--name", default="distilled-student", help="display name of the model")
    one.add_argument("--description", default="A student distilled step by step")
    one.add_argument("--predict-route", default="/predict")
    one.add_argument("--health-route", default="/health")
    one.add_argument("--port", type=int, default=7080)
    one.add_argument("--env", action="append", default=[], metavar="NAME=VALUE", help="a setting of the server")
    one.add_argument("--endpoint", help="id or resource name of one that is there; none is made")
    one.add_argument("--endpoint-name", help="display name of a new one (NAME_endpoint)")
    one.add_argument("--machine", default="n1-standard-4")
    one.add_argument("--accelerator", help="as in NVIDIA_TESLA_T4; this server computes on the processor and needs none")
    one.add_argument("--accelerator-count", type=int, default=1)
    one.add_argument("--min-replicas", type=int, default=1)
    one.add_argument("--max-replicas", type=int, default=1)
    shares = one.add_mutually_exclusive_group()
    shares.add_argument("--traffic", type=int, default=100, choices=range(101), metavar="PERCENT")
    shares.add_argument("--traffic-split", type=traffic_split, metavar="0=20,ID=80")

    two = commands.add_parser("predict", parents=[every], help="asks the endpoint")
    two.add_argument("--endpoint", help="id or resource name (that of the state file)")
    for parser, needed in ((one, False), (two, True)):
        parser.add_argument("--text", action="append", default=[], required=needed, help="asked of the endpoint")
        parser.add_argument("--parameters", help='as in {"rationale": true}')

    three = commands.add_parser("down", parents=[every], help="deletes all that `up` made")
    three.add_argument("--traffic-split", type=traffic_split, metavar="ID=100", help="where others stay on the endpoint")

    options = told.parse_args(argv)
    if options.command == "up":
        options.prefix = options.prefix or options.name
        if options.image is None and options.repository is None:
            told.error("up needs --repository NAME to build the image in, or --image of one that is there")
        if any("=" not in pair for pair in options.env):
            told.error("--env is not like NAME=VALUE")
    return options


def main(argv=None):
    options = arguments(argv)
    made = None
    try:
        made = Made(options.state, options)
        {"up": up, "predict": predict, "down": down}[options.command](Cloud(options), made, options)
        return 0
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        code = 130
    except Exception as fault:  # of four libraries; all that matters is what was left behind
        print(f"Failed: {fault}" if isinstance(fault, Failed) else f"Failed: {type(fault).__name__}: {fault}", file=sys.stderr)
        code = 1
    if made is not None and made.in_hand and not made.dry:
        kind, name = made.in_hand
        print(
            f'A {kind} named "{name}" may be there. Look with: gcloud ai {kind}s list --project {options.project} '
            f"--region {options.region}",
            file=sys.stderr,
        )
    if made is not None and made.things and not made.dry and options.command != "predict":
        print("This is there, and may cost money:", *(f"  {words(thing)}" for thing in made.things), sep="\n", file=sys.stderr)
        print(
            f"Delete it with: python deploy/vertex.py down --project {options.project} --region {options.region} "
            f"--state {options.state}",
            file=sys.stderr,
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
