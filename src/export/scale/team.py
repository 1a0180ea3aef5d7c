"""The processes that train together: how many, what each may say to the others, how a student is spread over them."""

import contextlib
import os

import torch
import torch.distributed as dist
from accelerate import Accelerator
from torch.distributed.tensor import DTensor, distribute_tensor

from studio import RunError

HOW = "Start all of them with torchrun: torchrun --nproc-per-node N train.py (N on each machine)."


def asked_processes(expected):
    """How many processes were asked for: by --processes, by what started this one, or else one."""
    asked = {}
    if expected is not None:
        asked["--processes"] = expected
    if "WORLD_SIZE" in os.environ:
        asked["WORLD_SIZE"] = int(os.environ["WORLD_SIZE"])
    elif (launched := launched_processes()) is not None:
        asked["accelerate launch --num_processes"] = launched
    return asked


def launched_processes():
    """What `accelerate launch` was told: on CPUs it starts one process, whatever --num_processes says."""
    import psutil  # comes with accelerate

    with contextlib.suppress(psutil.Error, ValueError, IndexError):
        words = (psutil.Process().parent() or psutil.Process()).cmdline()
        if not any("accelerate" in word for word in words):
            return None
        for place, word in enumerate(words):
            name, _, value = word.partition("=")
            if name in ("--num_processes", "--num-processes"):
                return int(value or words[place + 1])
    return None


class Team:
    """One process's view of all of them."""

    def __init__(self, cpu, precision, shard, expected=None):
        cpu = cpu or not (torch.cuda.is_available() or "WORLD_SIZE" not in os.environ)
        several = int(os.environ.get("WORLD_SIZE", 1)) > 1
        if several and not {"RANK", "MASTER_ADDR", "MASTER_PORT"} <= set(os.environ) and not dist.is_initialized():
            raise RunError(
                f"WORLD_SIZE says {os.environ['WORLD_SIZE']} processes, but nothing says which of them this is. {HOW}"
            )
        self.accelerator = Accelerator(cpu=cpu, mixed_precision=precision)
        self.rank, self.size = self.accelerator.process_index, self.accelerator.num_processes
        self.device, self.shard = self.accelerator.device, shard
        for what, number in asked_processes(expected).items():
            if number != self.size:
                raise RunError(
                    f"{what} says {number} processes, but {self.size} work together here. {HOW}"
                )
        if shard and self.size == 1:
            raise RunError("--fsdp shares a student among processes, and there is one. Start several, or leave it out.")

    @property
    def leads(self):
        return self.rank == 0

    def say(self, words):
        if self.leads:
            print(words, flush=True)

    def led(self, work):
        """What the first process's work returns, told to all; its failure ends all of them with its words."""
        told = [None, None]
        if self.leads:
            try:
                told[0] = work()
            except (RunError, OSError) as fault:
                told[1] = str(fault)
        if self.size > 1:
            dist.broadcast_object_list(told, src=0, device=self.device)
        if told[1] is not None:
            raise RunError(told[1])
        return told[0]

    def sum(self, *values):
        """The sums of numbers over all processes."""
        total = torch.tensor(values, dtype=torch.float64, device="cpu" if self.device.type == "mps" else self.device)
        if self.size > 1:
            dist.all_reduce(total)
        return total.tolist()

    def stamp(self):
        """What computes, as checkpoints and the studio name it."""
        kind = self.device.type
        name = torch.cuda.get_device_name(self.device) if kind == "cuda" else {"mps": "Apple GPU"}.get(kind, "CPU")
        times = f"{self.size} x " if self.size > 1 else ""
        return {"engine": "torch", "backend": kind, "adapter": times + name}

    # ── The student, whole on each process or in shards ────────────────────────────────────────────────────────

    def spread(self, model):
        """The student on this process's device: a copy of it (DDP), or its share (FSDP2). Call what is returned."""
        if not self.shard:
            return self.accelerator.prepare(model)
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        mesh = init_device_mesh(self.device.type, (self.size,))
        for stack in (model.encoder, model.decoder):
            for block in stack.block:
                fully_shard(block, mesh=mesh)
        return fully_shard(model, mesh=mesh)

    def forward(self):
        return self.accelerator.autocast()

    @contextlib.contextmanager
    def together(self, net, last):
        """Around forward and backward of one of several micro-batches: gradients are exchanged after the last."""
        if self.shard:
            net.set_requires_gradient_sync(last)
            yield
        elif last:
            yield
        else:
            with self.accelerator.no_sync(net):
                yield

    def whole(self, tensor):
        """A float32 copy of a tensor on the CPU of the first process; None on the others. All call it together."""
        if isinstance(tensor, DTensor):
            tensor = tensor.full_tensor()
        return tensor.detach().to("cpu", torch.float32).contiguous().clone() if self.leads else None

    def place(self, value, like, shape=None):
        """What the first process read, for all: each has it, or its share, as `like` has. None on the others.
        `shape`: its own, where it is not that of `like`."""
        local = value.to(self.device) if value is not None else torch.empty(shape or like.shape, device=self.device)
        if isinstance(like, DTensor):
            return distribute_tensor(local, like.device_mesh, like.placements)
        if self.size > 1:
            dist.broadcast(local, src=0)
        return local

    def end(self):
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()

