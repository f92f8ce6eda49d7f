"""Whole processes, measured from outside, in turns.

Owns: starting and ending processes, wall time, CPU time and peak memory of one, medians and ratios within one run.
Must not know: what is compared.
"""

import os
import signal
import socket
import statistics
import subprocess
import time


def once(command, cwd=None, env=None, timeout=180):
    """Runs one command to its end: seconds of wall and of CPU (its own and its children's), peak memory in MiB, exit status."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True)
    peak = 0
    while True:
        # What the kernel reports at the end also counts the Python that forked; the new program's own peak stands here.
        peak = max(peak, peak_kib(process.pid))
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.perf_counter() - began > timeout:
            os.killpg(process.pid, signal.SIGKILL)
            _, status, usage = os.wait4(process.pid, 0)
            break
        time.sleep(0.002)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "mib": peak / 1024, "status": process.returncode}


def peak_kib(pid):
    try:
        with open(f"/proc/{pid}/status") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)
    except OSError:
        return 0


def in_turns(programs, rounds, expected=(0,), **how):
    """Runs every program once per round, every second round backwards. `programs`: name -> command. Gives name -> its rows."""
    rows = {name: [] for name in programs}
    for number in range(rounds):
        order = list(programs.items())
        for name, command in order[::-1] if number % 2 else order:
            row = once(command, **how)
            if row["status"] not in expected:
                print(f"  ! {name} ended with status {row['status']}: {' '.join(command)}", flush=True)
            rows[name].append(row)
    return rows


def median(rows, key):
    return statistics.median(row[key] for row in rows)


def ratio(rows, others, key):
    """The median of the ratios of each round."""
    return statistics.median(row[key] / max(other[key], 1e-4) for row, other in zip(rows, others))


class Server:
    """A process that listens on a port; ended by its own id."""

    def __init__(self, command, port):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 0.5).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    raise RuntimeError(f"{command[0]} ended with status {self.process.returncode}")
                time.sleep(0.02)
        self.__exit__()
        raise RuntimeError(f"{command[0]} does not listen on {port}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
