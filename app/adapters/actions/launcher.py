"""Sets resource limits in the new process, then becomes the command:
`launcher.py CPU_S MEMORY FILES FILE_SIZE PROCESSES PROGRAM ARG0 ARG...`.
"""

import os
import resource
import sys


def launch(arguments: list[str]) -> None:
    """Never returns unless the program cannot be started (then exit code 126)."""
    cpu_s, memory, open_files, file_size, processes = (int(text) for text in arguments[:5])
    program, argv = arguments[5], arguments[6:]
    for kind, wanted in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_FSIZE, file_size),
        (resource.RLIMIT_NPROC, _running() + processes),
        (resource.RLIMIT_CORE, 0),
    ):
        ceiling = resource.getrlimit(kind)[1]
        limit = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
        resource.setrlimit(kind, (limit, limit))
    _adopt_orphans()
    try:
        os.execv(program, argv)  # noqa: S606 - no shell: the very reason for this file
    except OSError as error:
        sys.stderr.write(f"{program} cannot be started: {error.strerror}\n")
        sys.exit(126)


def _adopt_orphans() -> None:
    """On Linux, descendants whose parent ends are handed to the command, not to init: whoever stops it finds them all."""
    if sys.platform == "linux":
        import ctypes

        subreaper = 36  # PR_SET_CHILD_SUBREAPER of prctl(2); it holds over exec
        ctypes.CDLL(None).prctl(subreaper, 1, 0, 0, 0)


def _running() -> int:
    """How many threads this user has now: the kernel counts them all against the limit, not only the command's."""
    total = 0
    try:
        for entry in os.scandir("/proc"):
            if entry.name.isdigit():
                total += _threads(entry.name)
    except OSError:  # no /proc: leave room instead of starving the command
        return 4096
    return total


def _threads(pid: str) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task")) if os.stat(f"/proc/{pid}").st_uid == os.getuid() else 0  # noqa: PTH116, PTH208 - pathlib would double the start-up of every command
    except OSError:  # it has ended meanwhile
        return 0


if __name__ == "__main__":
    launch(sys.argv[1:])
