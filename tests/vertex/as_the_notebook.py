"""The calls by which the notebook uploads and deploys its model, to an imitation: what is theirs to be compared with."""

import sys

from google.auth.credentials import AnonymousCredentials
from google.cloud import aiplatform

aiplatform.init(
    project="p",
    location="us-central1",
    api_endpoint=sys.argv[1],
    api_transport="rest",
    credentials=AnonymousCredentials(),
)
model = aiplatform.Model.upload(
    display_name="distilled-flan-t5",
    description="Distilled Flan T5 model using Step-By-Step Distillation",
    serving_container_image_uri="us-central1-docker.pkg.dev/p/distill-step-by-step/distilled-flan-t5:latest",
    serving_container_predict_route="/predict",
    serving_container_health_route="/health",
    serving_container_ports=[7080],
    artifact_uri="gs://b/distilled-t5",
)
model.deploy(
    machine_type="n1-standard-4",
    traffic_split={"0": 100},
    min_replica_count=1,
    max_replica_count=1,
    accelerator_type="NVIDIA_TESLA_T4",
    accelerator_count=1,
    traffic_percentage=100,
    deploy_request_timeout=1200,
    sync=True,
)
