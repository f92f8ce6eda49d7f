"""Asks a provider through the official Python SDKs and prints, as one line of JSON, what they made of the answers.

    OPENAI_BASE_URL=… ANTHROPIC_BASE_URL=… OPENROUTER_BASE_URL=… python driver.py [responses] [chat] [openrouter] [messages] [retries:N] [timeout:S]

Each wire (all, if none is named) is asked three times: `raw` iterates the stream, `helper` uses the SDK's stream helper, `plain`
asks for no stream. `python driver.py --serve` prints a port and does the same, in a process of its own each time, for those
who are started with `SDK_SERVER=<port>`; it ends with its standard input. `{wire: {form: {text, live, reasoning, calls, refusal, stop, usage, events, error}}}`; what was not seen is not there.
"""

import http.server
import json
import os
import signal
import socket
import sys
import threading
import traceback

if os.environ.get("SDK_SERVER"):
    # The SDKs take seconds to load; whoever has loaded them already does the work.
    with socket.create_connection(("127.0.0.1", int(os.environ["SDK_SERVER"]))) as server:
        server.sendall(json.dumps({"words": sys.argv[1:], "env": dict(os.environ)}).encode() + b"\n")
        said = server.makefile().read()
    sys.stdout.write(said)
    sys.exit(0 if said else 1)

import anthropic
import openai

QUESTION = "What is there?"
TOOL = {"type": "object", "properties": {"command": {"type": "string"}}}


def main(words):
    options = dict(word.split(":", 1) for word in words if ":" in word)
    wires = [word for word in words if word in WIRES] or list(WIRES)
    limits = {"max_retries": int(options.get("retries", 0)), "timeout": float(options.get("timeout", 20))}
    saw = {}
    for wire in wires:
        client, forms = WIRES[wire](limits)
        saw[wire] = {form: look(ask, client) for form, ask in forms.items()}
    return json.dumps(saw)


def split(arguments):
    return [word for argument in arguments for word in argument.split()]


def serve():
    warm_up()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        connection, _ = listener.accept()
        with connection:
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                answer(connection)
                os._exit(0)


def warm_up():
    """The SDKs build their types when they are first used, which takes longer than all the rest. What they are told here is thrown away."""
    usage = {"input_tokens": 1, "output_tokens": 1, "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    part = {"type": "output_text", "text": "Hi", "annotations": []}
    item = {"id": "i", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    whole = {"id": "r", "object": "response", "status": "completed", "model": "m", "output": [item], "usage": usage, "tools": []}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}, "delta": {"content": "Hi"}}
    chat = {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    said = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": "Hi"}], "usage": usage}
    events = {
        "/responses": (whole, [{"type": "response.created", "response": whole}, {"type": "response.completed", "response": whole}]),
        "/chat/completions": (chat, [chat]),
        "/v1/messages": (said, [{"type": "message_start", "message": said}, {"type": "message_stop"}]),
    }

    class Stub(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            plain, stream = events[self.path.split("?")[0]]
            text = "".join(f"event: {event.get('type', '')}\ndata: {json.dumps(event)}\n\n" for event in stream)
            self.send_response(200)
            self.send_header("content-type", "text/event-stream" if body.get("stream") else "application/json")
            self.end_headers()
            self.wfile.write((text if body.get("stream") else json.dumps(plain)).encode())

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub) as stub:
        threading.Thread(target=stub.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{stub.server_address[1]}"
        for vendor in ("OPENAI", "OPENROUTER", "ANTHROPIC"):
            os.environ.update({f"{vendor}_BASE_URL": base, f"{vendor}_API_KEY": "k"})
        main([])
        stub.shutdown()


def answer(connection):
    try:
        asked = json.loads(connection.makefile().readline())
        os.environ.clear()
        os.environ.update(asked["env"])
        connection.sendall(main(split(asked["words"])).encode() + b"\n")
    except Exception:  # the client says that it got nothing; here is why
        traceback.print_exc()


def look(ask, client):
    """What one call saw, also when it failed half way."""
    saw = {}
    try:
        ask(client, saw)
    except Exception as error:  # every failure is a result here
        saw["error"] = describe(error)
    return {name: value for name, value in saw.items() if value not in (None, "", [], {})}


def describe(error):
    kind = type(error)
    sdk = isinstance(error, (openai.OpenAIError, anthropic.AnthropicError))
    body = getattr(error, "body", None)
    return {
        "class": kind.__name__,
        "module": kind.__module__.split(".")[0],
        "sdk": sdk,
        "message": str(error)[:300],
        "status": getattr(error, "status_code", None),
        "request_id": getattr(error, "request_id", None),
        "body": body if isinstance(body, (dict, list, str)) else None,
    }


def add(saw, name, text):
    if text:
        saw[name] = saw.get(name, "") + text


# Responses


def responses(limits):
    return openai.OpenAI(**limits), {"raw": responses_raw, "helper": responses_helper, "plain": responses_plain}


RESPONSES = {
    "model": "m1",
    "input": QUESTION,
    "tools": [{"type": "function", "name": "exec", "parameters": TOOL, "strict": False}],
}


def response_event(event, saw):
    saw.setdefault("events", []).append(event.type)
    if event.type == "response.output_text.delta":
        add(saw, "live", event.delta)
    elif event.type == "response.reasoning_summary_text.delta":
        add(saw, "live_reasoning", event.delta)
    elif event.type in ("response.completed", "response.failed", "response.incomplete"):
        response(event.response, saw)


def response(whole, saw):
    saw["id"], saw["stop"] = whole.id, whole.status
    if whole.incomplete_details:
        saw["incomplete"] = whole.incomplete_details.reason
    if whole.error:
        saw["failure"] = {"code": whole.error.code, "message": whole.error.message}
    if whole.usage:
        saw["usage"] = {
            "input": whole.usage.input_tokens,
            "output": whole.usage.output_tokens,
            "cached": whole.usage.input_tokens_details.cached_tokens,
            "reasoning": whole.usage.output_tokens_details.reasoning_tokens,
        }
    saw["text"] = whole.output_text
    for item in whole.output:
        if item.type == "function_call":
            saw.setdefault("calls", []).append({"id": item.call_id, "name": item.name, "arguments": item.arguments})
        elif item.type == "mcp_call":
            call = {"server": item.server_label, "name": item.name, "arguments": item.arguments, "output": item.output, "status": item.status}
            saw.setdefault("hosted", []).append(call)
        elif item.type == "reasoning":
            add(saw, "reasoning", "".join(part.text for part in item.summary))
            saw["thoughts"] = saw.get("thoughts", 0) + 1
        elif item.type == "message":
            for part in item.content:
                if part.type == "refusal":
                    add(saw, "refusal", part.refusal)
            saw.setdefault("messages", []).append("".join(part.text for part in item.content if part.type == "output_text"))


def responses_raw(client, saw):
    for event in client.responses.create(stream=True, **RESPONSES):
        response_event(event, saw)


def responses_helper(client, saw):
    with client.responses.stream(**RESPONSES) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                add(saw, "live", event.delta)
        response(stream.get_final_response(), saw)


def responses_plain(client, saw):
    response(client.responses.create(**RESPONSES), saw)


# Chat completions, and OpenRouter's


def chat(limits):
    return openai.OpenAI(**limits), CHAT_FORMS


def openrouter(limits):
    base, key = os.environ["OPENROUTER_BASE_URL"], os.environ.get("OPENROUTER_API_KEY", "k")
    return openai.OpenAI(base_url=base, api_key=key, **limits), CHAT_FORMS


CHAT = {
    "model": "m1",
    "messages": [{"role": "user", "content": QUESTION}],
    "tools": [{"type": "function", "function": {"name": "exec", "parameters": TOOL}}],
}
STREAM_OPTIONS = {"include_usage": True}


def completion(whole, saw):
    choice = whole.choices[0]
    message = choice.message
    saw["id"], saw["stop"] = whole.id, choice.finish_reason
    saw["text"], saw["refusal"] = message.content, getattr(message, "refusal", None)
    saw["reasoning"] = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    saw["calls"] = [
        {"id": call.id, "name": call.function.name, "arguments": call.function.arguments} for call in message.tool_calls or []
    ]
    chat_usage(whole.usage, saw)


def chat_usage(usage, saw):
    if usage:
        saw["usage"] = {
            "input": usage.prompt_tokens,
            "output": usage.completion_tokens,
            "cached": usage.prompt_tokens_details.cached_tokens,
            "reasoning": usage.completion_tokens_details.reasoning_tokens,
        }
        if getattr(usage, "cost", None) is not None:
            saw["cost"] = usage.cost


def chat_raw(client, saw):
    calls = {}
    for chunk in client.chat.completions.create(stream=True, stream_options=STREAM_OPTIONS, **CHAT):
        saw["id"] = chunk.id
        chat_usage(chunk.usage, saw)
        for choice in chunk.choices:
            delta = choice.delta
            add(saw, "text", delta.content)
            add(saw, "refusal", getattr(delta, "refusal", None))
            add(saw, "reasoning", getattr(delta, "reasoning_content", None) or getattr(delta, "reasoning", None))
            for call in delta.tool_calls or []:
                whole = calls.setdefault(call.index, {"id": call.id, "name": call.function.name, "arguments": ""})
                whole["arguments"] += call.function.arguments or ""
            saw["stop"] = choice.finish_reason or saw.get("stop")
        saw["calls"] = list(calls.values())


def chat_helper(client, saw):
    with client.chat.completions.stream(stream_options=STREAM_OPTIONS, **CHAT) as stream:
        for event in stream:
            if event.type == "content.delta":
                add(saw, "live", event.delta)
        completion(stream.get_final_completion(), saw)


def chat_plain(client, saw):
    completion(client.chat.completions.create(**CHAT), saw)


CHAT_FORMS = {"raw": chat_raw, "helper": chat_helper, "plain": chat_plain}


# Messages


def messages(limits):
    return anthropic.Anthropic(**limits), {"raw": messages_raw, "helper": messages_helper, "plain": messages_plain}


MESSAGES = {
    "model": "m1",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": QUESTION}],
    "tools": [{"name": "exec", "input_schema": TOOL}],
}


def message(whole, saw):
    saw["id"], saw["stop"] = whole.id, whole.stop_reason
    details = getattr(whole, "stop_details", None)
    saw["refusal"] = details.explanation if details else None
    messages_usage(whole.usage, saw)
    for block in whole.content:
        if block.type == "text":
            add(saw, "text", block.text)
            saw.setdefault("messages", []).append(block.text)
        elif block.type == "thinking":
            add(saw, "reasoning", block.thinking)
            saw["signature"] = block.signature
            saw["thoughts"] = saw.get("thoughts", 0) + 1
        elif block.type == "redacted_thinking":
            saw["redacted"] = block.data
        elif block.type == "tool_use":
            saw.setdefault("calls", []).append({"id": block.id, "name": block.name, "arguments": json.dumps(block.input, separators=(",", ":"))})
        elif block.type == "mcp_tool_use":
            arguments = json.dumps(block.input, separators=(",", ":"))
            saw.setdefault("hosted", []).append({"server": block.server_name, "name": block.name, "arguments": arguments})
        elif block.type == "mcp_tool_result":
            text = [part["text"] if isinstance(part, dict) else part.text for part in block.content]
            saw["hosted"][-1].update(output="".join(text), status="failed" if block.is_error else "completed")


def messages_usage(usage, saw):
    seen = saw.setdefault("usage", {})
    for name, value in (
        ("input", usage.input_tokens),
        ("output", usage.output_tokens),
        ("cached", usage.cache_read_input_tokens),
        ("reasoning", usage.output_tokens_details.thinking_tokens if usage.output_tokens_details else None),
    ):
        if value is not None:
            seen[name] = value


def messages_raw(client, saw):
    inputs = {}
    for event in client.messages.create(stream=True, **MESSAGES):
        saw.setdefault("events", []).append(event.type)
        if event.type == "message_start":
            saw["id"] = event.message.id
            messages_usage(event.message.usage, saw)
        elif event.type == "content_block_start":
            block = event.content_block
            if block.type == "tool_use":
                inputs[event.index] = {"id": block.id, "name": block.name, "arguments": ""}
            elif block.type == "redacted_thinking":
                saw["redacted"] = block.data
        elif event.type == "content_block_delta":
            delta = event.delta
            if delta.type == "text_delta":
                add(saw, "text", delta.text)
            elif delta.type == "thinking_delta":
                add(saw, "reasoning", delta.thinking)
            elif delta.type == "signature_delta":
                saw["signature"] = delta.signature
            elif delta.type == "input_json_delta" and event.index in inputs:
                inputs[event.index]["arguments"] += delta.partial_json
        elif event.type == "message_delta":
            saw["stop"] = event.delta.stop_reason
            details = event.delta.stop_details
            saw["refusal"] = details.explanation if details else None
            messages_usage(event.usage, saw)
        saw["calls"] = list(inputs.values())


def messages_helper(client, saw):
    with client.messages.stream(**MESSAGES) as stream:
        for text in stream.text_stream:
            add(saw, "live", text)
        message(stream.get_final_message(), saw)


def messages_plain(client, saw):
    message(client.messages.create(**MESSAGES), saw)


WIRES = {"responses": responses, "chat": chat, "openrouter": openrouter, "messages": messages}

if __name__ == "__main__":
    if sys.argv[1:] == ["--serve"]:
        serve()
    print(main(split(sys.argv[1:])))
