"""An agent on the openai Python SDK's realtime client. It says the prompt, runs the tool `add`, and prints the reply.

Usage: realtime_python.py [--text] [--mint] [--beta] [--agent NAME] PROMPT
OPENAI_BASE_URL and OPENAI_API_KEY say where the model is.
"""

import json
import os
import sys
import urllib.request

from openai import OpenAI

TOOLS = [{"type": "function", "name": "add", "description": "Adds.", "parameters": {"type": "object"}}]


def mint(base_url):
    body = json.dumps({"session": {"type": "realtime", "model": "gpt-realtime", "output_modalities": ["text"]}}).encode()
    request = urllib.request.Request(f"{base_url}/realtime/client_secrets", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["value"]


def main():
    options, prompt = sys.argv[1:-1], sys.argv[-1]
    client = OpenAI(base_url=os.environ["OPENAI_BASE_URL"], api_key=os.environ["OPENAI_API_KEY"])
    if "--mint" in options:
        client = client.with_options(api_key=mint(os.environ["OPENAI_BASE_URL"]))
    with client.realtime.connect(model="gpt-realtime") as connection:
        created = connection.recv()
        assert created.type == "session.created", created
        if "--mint" in options:
            assert created.session.output_modalities == ["text"], created.session
        modalities = ["text"] if "--text" in options else ["audio"]
        connection.session.update(session={"type": "realtime", "output_modalities": modalities, "tools": TOOLS})
        connection.conversation.item.create(item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": prompt}]})
        connection.response.create()
        said, sound, heard = "", 0, []
        for event in connection:
            # An event that the SDK does not know has no model of its own.
            assert type(event).__name__ != "BaseModel", event
            heard.append(event.type)
            if event.type in ("response.output_text.delta", "response.output_audio_transcript.delta"):
                said += event.delta
            elif event.type == "response.output_audio.delta":
                sound += len(event.delta)
            elif event.type == "response.function_call_arguments.done":
                numbers = json.loads(event.arguments)
                output = json.dumps({"sum": numbers["a"] + numbers["b"]})
                connection.conversation.item.create(item={"type": "function_call_output", "call_id": event.call_id, "output": output})
            elif event.type == "error":
                print(f"error: {event.error.code}: {event.error.message}", file=sys.stderr)
                sys.exit(1)
            elif event.type == "response.done":
                response = event.response
                if response.status != "completed":
                    print(f"{response.status}: {response.status_details}", file=sys.stderr)
                    sys.exit(1)
                if any(item.type == "function_call" for item in response.output):
                    said = ""
                    connection.response.create()
                    continue
                whole = "".join(part.text or part.transcript or "" for item in response.output if item.type == "message" for part in item.content)
                assert whole == said, (whole, said)
                assert (sound > 0) == (modalities == ["audio"] and bool(said)), sound
                assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
                print(said)
                return


main()
