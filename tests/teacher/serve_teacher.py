"""llama.cpp's server in a process, from the PyPI package xllamacpp. Usage: serve_teacher.py MODEL.gguf

Prints its address when it is ready, and ends when its standard input does.
"""

import sys

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = 0
params.n_ctx = 16384
params.n_parallel = 8
# Threads of so small a model wait for each other longer than they compute.
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.warmup = False
params.use_jinja = True
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
