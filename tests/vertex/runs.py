"""Runs deploy/vertex.py many times in one process, since Google's libraries take seconds to import: a list of arguments
in JSON a line, and a line of JSON with code and output for each. A list that begins with a file's name runs that file."""

import contextlib
import io
import json
import runpy
import sys
import traceback

sys.dont_write_bytecode = True
main = runpy.run_path(sys.argv[1])["main"]
for line in sys.stdin:
    arguments = json.loads(line)
    code = 0
    with contextlib.redirect_stdout(io.StringIO()) as stdout, contextlib.redirect_stderr(io.StringIO()) as stderr:
        try:
            if arguments[0].endswith(".py"):
                sys.argv = arguments
                runpy.run_path(arguments[0])
            else:
                code = main(arguments)
        except SystemExit as end:
            code = end.code
        except Exception:
            code = 1
            traceback.print_exc()
    print(json.dumps({"code": code, "stdout": stdout.getvalue(), "stderr": stderr.getvalue()}), flush=True)
