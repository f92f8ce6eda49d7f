"""The work, written in the language of checkride: the same N cases that the anchors get.

Owns: the text of the suites, the protocol and the mocked command that are measured.
Must not know: what is measured, and against whom.
"""

import base64
import json
import os

# What the anchor's fake sends in one turn, in this order.
FRAMES = [
    {"type": "session.created"}, {"type": "session.updated"}, {"type": "response.created"}, {"type": "response.output_item.added"},
    *[{"type": "response.output_text.delta", "event_id": f"d{i}"} for i in range(6)],
    {"type": "response.output_text.done"}, {"type": "response.done", "response": {"status": "completed"}},
]

REALTIME = """\
protocol: realtime-like
transport: websocket
open: {path: /v1/realtime, query: {model: gpt-realtime}, per: session}
actions:
  user:
    - send: {type: session.update, session: {type: realtime, output_modalities: [text]}}
    - send: {type: response.create, response: {instructions: "{{text}}"}}
events:
  - {when: {type: response.created}, turn.started: {}}
  - {when: {type: response.output_text.delta}, text.delta: $.delta}
  - {when: {type: response.done, response: {status: completed}}, turn.finished: completed}
ignore: [{type: session.created}, {type: session.updated}, {type: response.output_item.added}, {type: response.output_text.done}]
"""


# What the anchors' fake answers, in 17 deltas of 20 characters.
REPLY = (
    '{"status":"ok","answer":"the quick brown fox jumps over the lazy dog","items":[1,2,3,4,5,6,7,8,9,10],'
    '"note":"checkride benchmark reply, twenty chunks of stream, no more and no less than that number",'
    '"code":"AB-1234","padding":"abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01234"}')


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return path


def load(folder, n):
    """N cases with three checks each: a text, a regex, a JSONPath."""
    lines = ["suite: bench", "agent: {protocol: command-line, command: [agent]}", "cases:"]
    for i in range(n):
        lines += [
            f"  - name: case {i:05d}", f"    prompt: conformance case {i}", "    expect:",
            "      reply: {contains: quick brown fox, matches: 'AB-[0-9]{4}'}", "      at: {'$.turns[0].status': completed}"]
    return write(os.path.join(folder, f"load-{n}.yaml"), "\n".join(lines) + "\n")


def served(folder, cut):
    """The script of the served fake: one rule over what the user said, as the anchors have; `cut`: what is one write."""
    text = REPLY.replace("'", "''")
    return write(
        os.path.join(folder, f"script-{cut}.yaml"),
        f"script: bench\nrules: [{{when: {{last_user: {{contains: conformance}}}}, reply: '{text}'}}]\nwire: {{delta: 20, write: {cut}}}\n")


def streamed(folder, n, port):
    """N cases of one prompt, streamed, with three checks: a text, a regex, a value in the reply's JSON."""
    lines = [f"suite: streamed {n}", f"agent: {{protocol: openai-chat, url: 'http://127.0.0.1:{port}/v1'}}", "cases:"]
    for i in range(n):
        lines += [
            f"  - name: case {i:05d}", f"    prompt: conformance case {i}", "    expect:",
            "      reply: {contains: quick brown fox, matches: 'AB-[0-9]{4}', json_text: {status: ok}}"]
    return write(os.path.join(folder, f"streamed-{n}.yaml"), "\n".join(lines) + "\n")


def realtime(folder, n, port, turns_a_case=1):
    """N Realtime-like turns, each on a connection of its own with every frame checked, and their protocol."""
    write(os.path.join(folder, "realtime-like.yaml"), REALTIME)
    frames = "\n".join(f"      - {json.dumps(frame)}" for frame in FRAMES)
    lines = [
        f"suite: turns by {turns_a_case}", f"agent: {{protocol: realtime-like.yaml, url: 'ws://127.0.0.1:{port}'}}",
        "define:", "  whole_turn:", "    exactly:", frames, "cases:"]
    for i in range(n // turns_a_case):
        if turns_a_case == 1:
            lines += [f"  - {{name: turn {i:05d}, prompt: conformance {i}, expect: {{frames: {{use: whole_turn}}}}}}"]
            continue
        lines += [f"  - name: turns {i:05d}", "    steps:"]
        lines += [f"      - {{user: conformance {i}, session: s{j}, expect: {{frames: {{use: whole_turn}}}}}}" for j in range(turns_a_case)]
    return write(os.path.join(folder, f"turns-{n}-by-{turns_a_case}.yaml"), "\n".join(lines) + "\n")


def mock(folder, checkride):
    """A prepared folder of one mocked command, as the runner lays it out; gives the command's path."""
    reply = base64.b64encode(b'{"items":[{"id":1,"subject":"hello"}],"ok":true}\n').decode()
    answer = {"stdout": reply, "stderr": "", "exit": 0, "delay_ms": 0}
    rule = {"label": "rule 1 (mail *)", "when": {"glob": "mail *"}, "answers": [answer], "sequence": False}
    gog = {"rules": [rule], "otherwise": "fail", "needs_stdin": False, "counts": False}
    write(os.path.join(folder, "plan.json"), json.dumps({"plan": "checkride command mocks 1", "commands": {"gog": gog}}))
    write(os.path.join(folder, "calls.jsonl"), "")
    link = os.path.join(folder, "bin", "gog")
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if os.path.lexists(link):
        os.remove(link)
    os.symlink(os.path.realpath(checkride), link)
    return link
