"""train.py on a Ray cluster: `python ray_train.py --workers 16`, or `ray job submit --working-dir . -- python ray_train.py …`.

What train.py takes goes behind `--`: python ray_train.py --workers 16 -- --out /shared/out --bf16 --fsdp
--out must be a folder that the workers share (or the run is on the machine of the first worker alone).
"""

import argparse
import sys
from pathlib import Path

import ray
from ray.train import RunConfig, ScalingConfig
from ray.train.torch import TorchConfig, TorchTrainer

HERE = Path(__file__).resolve().parent


def work(config):
    """On each worker. Ray has made the process group and the environment's variables, as torchrun does."""
    sys.path.insert(0, config["project"])
    import torch
    import train

    torch.set_num_threads(config["threads"])
    last = train.run(train.arguments(config["words"]))
    ray.train.report(last)


def main():
    parser = argparse.ArgumentParser(description="Trains on a Ray cluster. Options of train.py go behind --.")
    parser.add_argument("--workers", type=int, required=True, help="processes; one GPU each")
    parser.add_argument("--cpu", action="store_true", help="workers without GPUs (gloo)")
    parser.add_argument("--threads", type=int, default=1, help="threads of a worker on CPUs")
    parser.add_argument("--address", help="of a cluster that runs (default: RAY_ADDRESS, else one on this machine)")
    parser.add_argument("--storage", help="where Ray keeps its own records (default: ~/ray_results)")
    parser.add_argument("words", nargs="*", help="for train.py, behind --")
    options = parser.parse_args()
    ray.init(address=options.address)
    words = [*options.words, "--processes", str(options.workers), *(["--cpu"] if options.cpu else [])]
    trainer = TorchTrainer(
        work,
        train_loop_config={"project": str(HERE), "words": words, "threads": options.threads},
        scaling_config=ScalingConfig(num_workers=options.workers, use_gpu=not options.cpu),
        torch_config=TorchConfig(backend="gloo" if options.cpu else "nccl"),
        run_config=RunConfig(storage_path=options.storage, name="stillroom"),
    )
    trainer.fit()
    ray.shutdown()


if __name__ == "__main__":
    main()
