"""Programs of a project on one Ray cluster of this machine, one after the other: `ray_jobs.py '[["ray_train.py", …], …]'`."""

import json
import os
import subprocess
import sys

import ray

ray.init(num_cpus=4, include_dashboard=False)
environment = {**os.environ, "RAY_ADDRESS": ray.get_runtime_context().gcs_address}
for words in json.loads(sys.argv[1]):
    subprocess.run([sys.executable, *words], env=environment, check=True)
ray.shutdown()
