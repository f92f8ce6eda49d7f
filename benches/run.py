#!/usr/bin/env python3
"""Checkride beside the least that a program must do, and beside what people use today: ratios of one run.

    python3 benches/run.py --anchors FOLDER [--peers FOLDER] [--checkride PATH] [--rounds N] [load start server runner websocket mock]

`--anchors` holds the limit programs (`rust/target/release`) and `gen.py`, which writes the same work for them; `--peers`
holds what was installed for the comparison; a peer that is not there is left out. Nothing here is a test.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile

import measure
import work

HERE = os.path.dirname(os.path.abspath(__file__))
PORT, WS_PORT = 4590, 4591
VIDAIMOCK = "peers-rust/bin/vidaimock"
AIMOCK = "_copilotkit_aimock/node_modules/@copilotkit/aimock/dist/cli.js"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--anchors", required=True)
    parser.add_argument("--peers", default="")
    parser.add_argument("--checkride", default=os.path.join(HERE, "../target/release/checkride"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("tables", nargs="*", default=[], metavar="TABLE", help=", ".join(TABLES))
    options = parser.parse_args()
    options.checkride = os.path.realpath(options.checkride)
    for folder in ("anchors", "peers"):
        # Without a folder of peers none of them is there.
        setattr(options, folder, os.path.abspath(getattr(options, folder) or "no-such-folder"))
    unknown = [name for name in options.tables if name not in TABLES]
    if unknown or not os.path.exists(options.checkride):
        sys.exit(f"no such table or program: {unknown or options.checkride}")
    with tempfile.TemporaryDirectory(prefix="checkride-bench-") as options.work:
        for name in options.tables or TABLES:
            TABLES[name](options)
            print(flush=True)


def limit(options, name):
    return os.path.join(options.anchors, "rust/target/release", name)


def there(programs):
    """Without those that are not installed."""
    return {name: command for name, command in programs.items() if shutil.which(command[0]) and all(
        os.path.exists(word) for word in command[1:] if word.startswith("/"))}


def load(options):
    """5,000 cases: read, checked against the schema, compiled."""
    n = 5000
    theirs = os.path.join(options.work, "theirs")
    subprocess.run([sys.executable, os.path.join(options.anchors, "gen.py"), theirs, str(n), str(PORT)], check=True)
    suite, schema = os.path.join(theirs, "suite.yaml"), os.path.join(theirs, "suite.schema.json")
    ours = work.load(os.path.join(options.work, "load"), n)
    programs = {
        "limit: serde-saphyr + jsonschema": [limit(options, "yamlval"), "--yaml", suite, "--schema", schema],
        "limit: typed load, checks compiled": [limit(options, "runlimit"), "--validate", "--yaml", suite],
        "checkride check": [options.checkride, "check", ours],
        "node js-yaml + ajv": ["node", os.path.join(options.anchors, "yaml_ajv.cjs"), os.path.join(options.peers, "nodeval"), "js-yaml",
                               "--yaml", suite, "--schema", schema],
    }
    rows = measure.in_turns(there(programs), options.rounds, cwd=options.work)
    base = rows["limit: serde-saphyr + jsonschema"]
    print(f"## load: {n} cases, {os.path.getsize(ours) // 1000} kB (limit: {os.path.getsize(suite) // 1000} kB)\n")
    print("| program | wall ms | CPU ms | peak MiB | CPU x limit |\n|---|---|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {measure.median(row, 'wall') * 1e3:.0f} | {measure.median(row, 'cpu') * 1e3:.0f} | "
              f"{measure.median(row, 'mib'):.0f} | {measure.ratio(row, base, 'cpu'):.2f} |")


def server(options):
    """A fake provider: 20-event chat streams, 25-event Responses streams, and JSON; closed loop, keep-alive."""
    script = {write: work.served(os.path.join(options.work, "served"), write) for write in ("ready", "event")}
    fake = [limit(options, "fakeprov"), "--mode"]
    programs = there({
        "limit: fixed bytes": [*fake, "raw"],
        "limit: matched, rendered, journal; one body": [*fake, "render1"],
        "limit: the same, a write for each event": [*fake, "render"],
        "checkride serve": [options.checkride, "serve", script["ready"]],
        "checkride serve, `write: event`": [options.checkride, "serve", script["event"]],
        "vidaimock": [os.path.join(options.peers, VIDAIMOCK), "--host", "127.0.0.1", "--mode", "benchmark", "--latency", "0",
                      "--config-dir", os.path.join(options.anchors, "vidaimock")],
        "aimock": ["node", os.path.join(options.peers, AIMOCK), "-f", os.path.join(options.anchors, "aimock-fixtures"), "--log-level", "silent"],
    })
    up, rows = {}, {}
    try:
        for at, (name, command) in enumerate(programs.items()):
            port = PORT + 2 * at
            websocket = ["--ws-port", str(port + 1)] if "fakeprov" in command[0] else []
            up[name] = measure.Server([*command, *websocket, "--port", str(port)], port)
        works = [(path, c) for path in ("chat", "responses") for c in (1, 16, 64)] + [("json", 16)]
        for number in range(options.rounds):
            for path, c in works:
                order = list(enumerate(up.items()))
                for at, (name, process) in order[::-1] if number % 2 else order:
                    if name == "vidaimock" and path != "json":
                        continue  # It sleeps 20 ms before each event of a stream.
                    row = asked(options, path, c, PORT + 2 * at, process.process.pid)
                    rows.setdefault((path, c), {}).setdefault(name, []).append(row)
    finally:
        for process in up.values():
            process.__exit__()
    print("## server: fake providers, one client thread that reads each answer to its end\n")
    print("| work | c | server | req/s | p50 ms | p99 ms | CPU us/req | peak MiB | CPU x one body | req/s x one body |\n|" + "---|" * 10)
    for (path, c), of in rows.items():
        base = of["limit: matched, rendered, journal; one body"]
        for name, row in of.items():
            print(f"| {path} | {c} | {name} | {measure.median(row, 'rps'):.0f} | {measure.median(row, 'p50_ms'):.2f} | "
                  f"{measure.median(row, 'p99_ms'):.2f} | {measure.median(row, 'srv_cpu_us'):.0f} | {measure.median(row, 'srv_hwm_kib') / 1024:.0f} | "
                  f"{measure.ratio(row, base, 'srv_cpu_us'):.2f} | {measure.ratio(row, base, 'rps'):.2f} |")


def asked(options, path, c, port, pid):
    """One turn of the load generator; what it found wrong is told."""
    where = "/v1/responses" if path == "responses" else "/v1/chat/completions"
    command = [limit(options, "loadgen"), "--port", str(port), "--path", where, "--c", str(c), "--ms", "900", "--warm-ms", "300", "--pid", str(pid)]
    # Comparing the text would take the client longer than the server takes to send it.
    found = subprocess.run([*command, "--no-check", *(["--no-stream"] if path == "json" else [])], capture_output=True, text=True, timeout=60)
    row = json.loads(found.stdout)
    if row["err"] or (row["bad"] and path != "json"):
        print(f"  ! {path} c={c} port {port}: {row} {found.stderr[:200]}", flush=True)
    return row


def runner(options):
    """N cases over SSE with three checks each; the same with 20 ms for each reply."""
    print("## runner: whole process, from the YAML to the report\n")
    print("| N | reply | c | runner | wall s | CPU s | CPU ms/case | peak MiB | wall x limit | CPU x limit |\n|" + "---|" * 10)
    for n, delay, concurrency in ((1000, 0, (4, 32, 128)), (100, 0, (32,)), (1000, 20, (32,))):
        theirs = os.path.join(options.work, f"theirs-{n}")
        subprocess.run([sys.executable, os.path.join(options.anchors, "gen.py"), theirs, str(n), str(PORT)], check=True)
        ours = work.streamed(os.path.join(options.work, "streamed"), n, PORT)
        traces = os.path.join(options.work, "traces")
        os.makedirs(traces, exist_ok=True)
        hurl = sorted(os.path.join(theirs, "hurl", name) for name in os.listdir(os.path.join(theirs, "hurl")))
        with measure.Server([limit(options, "fakeprov"), "--port", str(PORT), "--ws-port", str(WS_PORT), "--delay-ms", str(delay)], PORT):
            for c in concurrency:
                suite = [limit(options, "runlimit"), "--yaml", os.path.join(theirs, "suite.yaml"), "--port", str(PORT), "--c", str(c), "--stream"]
                programs = there({
                    "limit (hyper)": suite,
                    "limit (libtest-mimic, reqwest)": [*suite, "--engine", "mimic"],
                    "checkride run": [options.checkride, "run", "--test-threads", str(c), "--quiet", "--traces", traces, "--suites", ours],
                    "hurl": [os.path.join(options.peers, "hurl/bin/hurl"), "--test", "--parallel", "--jobs", str(c), *hurl],
                    "pytest + httpx": [os.path.join(options.peers, "venv-pytest/bin/python"), "-m", "pytest", "-q", "-p", "no:cacheprovider",
                                       os.path.join(theirs, "pt/test_bench.py")],
                })
                if delay:
                    programs.pop("pytest + httpx", None)
                rows = measure.in_turns(programs, options.rounds, cwd=options.work)
                for name, row in rows.items():
                    wall, cpu = (measure.median(row, key) for key in ("wall", "cpu"))
                    print(f"| {n} | {delay} ms | {c} | {name} | {wall:.3f} | {cpu:.3f} | {cpu / n * 1e3:.3f} | {measure.median(row, 'mib'):.0f} | "
                          f"{measure.ratio(row, rows['limit (hyper)'], 'wall'):.2f} | {measure.ratio(row, rows['limit (hyper)'], 'cpu'):.2f} |", flush=True)


def websocket(options):
    """1,000 Realtime-like turns, each on a connection of its own, every frame checked."""
    n = 1000
    suites = {by: work.realtime(os.path.join(options.work, f"turns-by-{by}"), n, WS_PORT, by) for by in (1, 10)}
    fake = [limit(options, "fakeprov"), "--port", str(PORT), "--ws-port", str(WS_PORT)]
    traces = os.path.join(options.work, "traces")
    os.makedirs(traces, exist_ok=True)
    ws_library = os.path.join(options.peers, "peers/ws/node_modules/ws/wrapper.mjs")
    print(f"## websocket: {n} turns, each on its own connection, 12 frames in, every frame checked\n")
    print("| c | client | wall s | CPU s | peak MiB | wall x limit | CPU x limit |\n|---|---|---|---|---|---|---|")
    with measure.Server(fake, PORT):
        for c in (4, 32, 128):
            run = [options.checkride, "run", "--test-threads", str(c), "--quiet", "--traces", traces, "--suites"]
            programs = {
                "limit (tokio-tungstenite)": [limit(options, "wslimit"), "--ws-port", str(WS_PORT), "--n", str(n), "--c", str(c)],
                "checkride run, 1,000 cases of one turn": [*run, suites[1]],
                "checkride run, 100 cases of ten turns": [*run, suites[10]],
                "checkride check, the same 1,000 cases": [options.checkride, "check", suites[1]],
                "node ws": ["node", os.path.join(options.anchors, "ws_client.mjs"), str(WS_PORT), str(n), str(c), ws_library],
                "python websockets": [os.path.join(options.peers, "venv-pytest/bin/python"),
                                      os.path.join(options.anchors, "ws_client.py"), str(WS_PORT), str(n), str(c)],
            }
            rows = measure.in_turns(there(programs), options.rounds, cwd=options.work)
            base = rows["limit (tokio-tungstenite)"]
            for name, row in rows.items():
                print(f"| {c} | {name} | {measure.median(row, 'wall'):.3f} | {measure.median(row, 'cpu'):.3f} | "
                      f"{measure.median(row, 'mib'):.0f} | {measure.ratio(row, base, 'wall'):.1f} | "
                      f"{measure.ratio(row, base, 'cpu'):.1f} |", flush=True)


def start(options):
    """Start-up alone."""
    programs = {
        "smallest Rust program": [limit(options, "shim"), "x"],
        "checkride --version": [options.checkride, "--version"],
        "hurl --version": [os.path.join(options.peers, "hurl/bin/hurl"), "--version"],
        "node -e 0": ["node", "-e", "0"],
    }
    print("## start-up, spawn to exit\n")
    spawned(options, programs)


def mock(options):
    """One call of a mocked command: its arguments logged, its reply printed."""
    folder = os.path.join(options.work, "mock")
    link = work.mock(folder, options.checkride)
    scripts = os.path.join(folder, "scripts")
    builtin = work.write(os.path.join(scripts, "bash-builtin"), BASH)
    python = work.write(os.path.join(scripts, "python"), PYTHON.format(python=os.path.realpath(sys.executable)))
    os.chmod(builtin, 0o755), os.chmod(python, 0o755)
    arguments = ["mail", "list", "--unread"]
    programs = {
        "limit: a Rust shim, argv not escaped for JSON": [limit(options, "shim"), *arguments],
        "limit, linked statically": [limit(options, "shim-static"), *arguments],
        "checkride as the mocked command": [link, *arguments],
        "bash, builtins only, argv not escaped": [builtin, *arguments],
        "python": [python, *arguments],
    }
    print("## mock: spawn to exit of one mocked call\n")
    spawned(options, programs)


BASH = """#!/bin/bash
printf '{"argv":"%s"}\\n' "$*" >> "$SHIM_LOG"
r=$(<"$SHIM_REPLY"); printf '%s\\n' "$r"
"""

PYTHON = """#!{python} -S
import json, os, sys
with open(os.environ["SHIM_LOG"], "a") as log:
    log.write(json.dumps({{"argv": sys.argv[1:]}}) + "\\n")
sys.stdout.write(open(os.environ["SHIM_REPLY"]).read())
"""


def spawned(options, programs):
    """Short programs: timed by the anchor's own spawner, in turns."""
    programs = there(programs)
    reply = work.write(os.path.join(options.work, "reply"), '{"items":[{"id":1,"subject":"hello"}],"ok":true}\n')
    command = [limit(options, "spawnbench"), str(40 * options.rounds)]
    for words in programs.values():
        command += ["--", *words]
    env = {**os.environ, "SHIM_LOG": os.path.join(options.work, "log"), "SHIM_REPLY": reply}
    lines = subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    print("| program | p50 ms | p90 ms | x first |\n|---|---|---|---|")
    for name, row in zip(programs, rows):
        print(f"| {name} | {row['p50_ms']:.2f} | {row['p90_ms']:.2f} | {row['p50_ms'] / rows[0]['p50_ms']:.2f} |")


TABLES = {"load": load, "start": start, "server": server, "runner": runner, "websocket": websocket, "mock": mock}

if __name__ == "__main__":
    main()
