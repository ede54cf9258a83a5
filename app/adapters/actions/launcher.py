"""Sets resource limits in the new process, then becomes the command: `launcher.py CPU_S MEMORY FILES PROGRAM ARG0 ARG...`."""

import os
import resource
import sys


def launch(arguments: list[str]) -> None:
    """Never returns unless the program cannot be started (then exit code 126)."""
    cpu_s, memory, open_files = (int(text) for text in arguments[:3])
    program, argv = arguments[3], arguments[4:]
    for kind, wanted in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_CORE, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]
        limit = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
        resource.setrlimit(kind, (limit, limit))
    try:
        os.execv(program, argv)  # noqa: S606 - no shell: the very reason for this file
    except OSError as error:
        sys.stderr.write(f"{program} cannot be started: {error.strerror}\n")
        sys.exit(126)


if __name__ == "__main__":
    launch(sys.argv[1:])
