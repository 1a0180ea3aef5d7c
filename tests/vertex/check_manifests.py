"""Holds manifests against Kubernetes' schemas, strictly; prints each kind that was accepted. `kubernetes-validate` has
the schemas of Kubernetes itself. Cloud Run's kind is Knative's: its pod is held against that of a Pod."""

import sys

import kubernetes_validate
import yaml


def as_pod(service):
    template = service["spec"]["template"]
    spec = {key: value for key, value in template["spec"].items() if key not in ("containerConcurrency", "timeoutSeconds")}
    # Knative names containers itself, and a probe without a port means the container's.
    for container in spec["containers"]:
        container.setdefault("name", "container")
        container["startupProbe"]["httpGet"].setdefault("port", container["ports"][0]["containerPort"])
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "student", **template["metadata"]}, "spec": spec}


for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        for manifest in yaml.safe_load_all(file):
            knative = manifest["apiVersion"] == "serving.knative.dev/v1"
            kubernetes_validate.validate(as_pod(manifest) if knative else manifest, "1.33", strict=True)
            print(manifest["kind"])
