// Asks a provider through the official Node SDKs and prints, as one line of JSON, what they made of the answers.
//
//     OPENAI_BASE_URL=… ANTHROPIC_BASE_URL=… OPENROUTER_BASE_URL=… NODE_PATH=…/node_modules node driver.cjs [responses] [chat] [openrouter] [messages] [retries:N] [timeout:S]
//
// Each wire (all, if none is named) is asked three times: `raw` iterates the stream, `helper` uses the SDK's stream helper, `plain`
// asks for no stream. `{wire: {form: {text, live, reasoning, calls, refusal, stop, usage, events, error}}}`; what was not seen is not there.
"use strict";

const { OpenAI, OpenAIError } = require("openai");
const { Anthropic, AnthropicError } = require("@anthropic-ai/sdk");

const QUESTION = "What is there?";
const TOOL = { type: "object", properties: { command: { type: "string" } } };

const RESPONSES = {
  model: "m1",
  input: QUESTION,
  tools: [{ type: "function", name: "exec", parameters: TOOL, strict: false }],
};
const CHAT = {
  model: "m1",
  messages: [{ role: "user", content: QUESTION }],
  tools: [{ type: "function", function: { name: "exec", parameters: TOOL } }],
};
const STREAM_OPTIONS = { include_usage: true };
const MESSAGES = {
  model: "m1",
  max_tokens: 1000,
  messages: [{ role: "user", content: QUESTION }],
  tools: [{ name: "exec", input_schema: TOOL }],
};

async function main() {
  const words = process.argv.slice(2).flatMap((argument) => argument.split(/\s+/)).filter(Boolean);
  const options = Object.fromEntries(words.filter((word) => word.includes(":")).map((word) => word.split(":", 2)));
  const named = words.filter((word) => word in WIRES);
  const limits = { maxRetries: Number(options.retries ?? 0), timeout: Number(options.timeout ?? 20) * 1000 };
  const saw = {};
  for (const wire of named.length ? named : Object.keys(WIRES)) {
    const [client, forms] = WIRES[wire](limits);
    saw[wire] = {};
    for (const [form, ask] of Object.entries(forms)) saw[wire][form] = await look(ask, client);
  }
  console.log(JSON.stringify(saw));
}

// What one call saw, also when it failed half way.
async function look(ask, client) {
  const saw = {};
  try {
    await ask(client, saw);
  } catch (error) {
    saw.error = describe(error);
  }
  const nothing = (value) => value === undefined || value === null || value === "" || (typeof value === "object" && !Object.keys(value).length);
  return Object.fromEntries(Object.entries(saw).filter(([, value]) => !nothing(value)));
}

function describe(error) {
  if (!(error instanceof Error)) return { class: "no Error", sdk: false, body: error };
  return {
    class: error.constructor.name,
    sdk: error instanceof OpenAIError || error instanceof AnthropicError,
    message: String(error.message).slice(0, 300),
    status: error.status ?? null,
    request_id: error.requestID ?? null,
    body: error.error ?? null,
  };
}

function add(saw, name, text) {
  if (text) saw[name] = (saw[name] ?? "") + text;
}

function push(saw, name, value) {
  (saw[name] ??= []).push(value);
}

// Responses

function response(whole, saw) {
  Object.assign(saw, { id: whole.id, stop: whole.status, incomplete: whole.incomplete_details?.reason, failure: whole.error });
  if (whole.usage) {
    saw.usage = {
      input: whole.usage.input_tokens,
      output: whole.usage.output_tokens,
      cached: whole.usage.input_tokens_details.cached_tokens,
      reasoning: whole.usage.output_tokens_details.reasoning_tokens,
    };
  }
  saw.text = whole.output_text;
  let text = "";
  for (const item of whole.output) {
    if (item.type === "function_call") push(saw, "calls", { id: item.call_id, name: item.name, arguments: item.arguments });
    if (item.type === "mcp_call") {
      push(saw, "hosted", { server: item.server_label, name: item.name, arguments: item.arguments, output: item.output, status: item.status });
    }
    if (item.type === "reasoning") {
      add(saw, "reasoning", item.summary.map((part) => part.text).join(""));
      saw.thoughts = (saw.thoughts ?? 0) + 1;
    }
    if (item.type === "message") {
      const said = item.content.filter((part) => part.type === "output_text").map((part) => part.text).join("");
      text += said;
      push(saw, "messages", said);
      for (const part of item.content) if (part.type === "refusal") add(saw, "refusal", part.refusal);
    }
  }
  // The terminal event of a raw stream has no `output_text`; the SDK computes it elsewhere.
  saw.text ??= text;
}

async function responsesRaw(client, saw) {
  for await (const event of await client.responses.create({ ...RESPONSES, stream: true })) {
    push(saw, "events", event.type);
    if (event.type === "response.output_text.delta") add(saw, "live", event.delta);
    if (event.type === "response.reasoning_summary_text.delta") add(saw, "live_reasoning", event.delta);
    if (["response.completed", "response.failed", "response.incomplete"].includes(event.type)) response(event.response, saw);
  }
}

async function responsesHelper(client, saw) {
  const stream = client.responses.stream(RESPONSES);
  for await (const event of stream) if (event.type === "response.output_text.delta") add(saw, "live", event.delta);
  response(await stream.finalResponse(), saw);
}

async function responsesPlain(client, saw) {
  response(await client.responses.create(RESPONSES), saw);
}

// Chat completions, and OpenRouter's

function chatUsage(usage, saw) {
  if (!usage) return;
  saw.usage = {
    input: usage.prompt_tokens,
    output: usage.completion_tokens,
    cached: usage.prompt_tokens_details.cached_tokens,
    reasoning: usage.completion_tokens_details.reasoning_tokens,
  };
  saw.cost = usage.cost;
}

function completion(whole, saw) {
  const { message, finish_reason } = whole.choices[0];
  Object.assign(saw, { id: whole.id, stop: finish_reason, text: message.content, refusal: message.refusal });
  saw.reasoning = message.reasoning_content ?? message.reasoning;
  saw.calls = (message.tool_calls ?? []).map((call) => ({ id: call.id, name: call.function.name, arguments: call.function.arguments }));
  chatUsage(whole.usage, saw);
}

async function chatRaw(client, saw) {
  const calls = [];
  for await (const chunk of await client.chat.completions.create({ ...CHAT, stream: true, stream_options: STREAM_OPTIONS })) {
    saw.id = chunk.id;
    chatUsage(chunk.usage, saw);
    for (const { delta, finish_reason } of chunk.choices) {
      add(saw, "text", delta.content);
      add(saw, "refusal", delta.refusal);
      add(saw, "reasoning", delta.reasoning_content ?? delta.reasoning);
      for (const call of delta.tool_calls ?? []) {
        calls[call.index] ??= { id: call.id, name: call.function.name, arguments: "" };
        calls[call.index].arguments += call.function.arguments ?? "";
      }
      saw.stop = finish_reason ?? saw.stop;
    }
    saw.calls = calls;
  }
}

async function chatHelper(client, saw) {
  const stream = client.chat.completions.stream({ ...CHAT, stream_options: STREAM_OPTIONS });
  stream.on("content", (delta) => add(saw, "live", delta));
  completion(await stream.finalChatCompletion(), saw);
}

async function chatPlain(client, saw) {
  completion(await client.chat.completions.create(CHAT), saw);
}

const CHAT_FORMS = { raw: chatRaw, helper: chatHelper, plain: chatPlain };

// Messages

function messagesUsage(usage, saw) {
  saw.usage ??= {};
  const seen = {
    input: usage.input_tokens,
    output: usage.output_tokens,
    cached: usage.cache_read_input_tokens,
    reasoning: usage.output_tokens_details?.thinking_tokens,
  };
  for (const [name, value] of Object.entries(seen)) if (value !== undefined && value !== null) saw.usage[name] = value;
}

function message(whole, saw) {
  Object.assign(saw, { id: whole.id, stop: whole.stop_reason, refusal: whole.stop_details?.explanation });
  messagesUsage(whole.usage, saw);
  for (const block of whole.content) {
    if (block.type === "text") {
      add(saw, "text", block.text);
      push(saw, "messages", block.text);
    } else if (block.type === "thinking") {
      add(saw, "reasoning", block.thinking);
      saw.signature = block.signature;
      saw.thoughts = (saw.thoughts ?? 0) + 1;
    } else if (block.type === "redacted_thinking") {
      saw.redacted = block.data;
    } else if (block.type === "tool_use") {
      push(saw, "calls", { id: block.id, name: block.name, arguments: JSON.stringify(block.input) });
    } else if (block.type === "mcp_tool_use") {
      push(saw, "hosted", { server: block.server_name, name: block.name, arguments: JSON.stringify(block.input) });
    } else if (block.type === "mcp_tool_result") {
      const output = block.content.map((part) => part.text).join("");
      Object.assign(saw.hosted.at(-1), { output, status: block.is_error ? "failed" : "completed" });
    }
  }
}

async function messagesRaw(client, saw) {
  const inputs = new Map();
  for await (const event of await client.messages.create({ ...MESSAGES, stream: true })) {
    push(saw, "events", event.type);
    if (event.type === "message_start") {
      saw.id = event.message.id;
      messagesUsage(event.message.usage, saw);
    } else if (event.type === "content_block_start") {
      const block = event.content_block;
      if (block.type === "tool_use") inputs.set(event.index, { id: block.id, name: block.name, arguments: "" });
      if (block.type === "redacted_thinking") saw.redacted = block.data;
    } else if (event.type === "content_block_delta") {
      const { delta } = event;
      if (delta.type === "text_delta") add(saw, "text", delta.text);
      if (delta.type === "thinking_delta") add(saw, "reasoning", delta.thinking);
      if (delta.type === "signature_delta") saw.signature = delta.signature;
      if (delta.type === "input_json_delta" && inputs.has(event.index)) inputs.get(event.index).arguments += delta.partial_json;
    } else if (event.type === "message_delta") {
      Object.assign(saw, { stop: event.delta.stop_reason, refusal: event.delta.stop_details?.explanation });
      messagesUsage(event.usage, saw);
    }
    saw.calls = [...inputs.values()];
  }
}

async function messagesHelper(client, saw) {
  const stream = client.messages.stream(MESSAGES);
  stream.on("text", (delta) => add(saw, "live", delta));
  message(await stream.finalMessage(), saw);
}

async function messagesPlain(client, saw) {
  message(await client.messages.create(MESSAGES), saw);
}

const WIRES = {
  responses: (limits) => [new OpenAI(limits), { raw: responsesRaw, helper: responsesHelper, plain: responsesPlain }],
  chat: (limits) => [new OpenAI(limits), CHAT_FORMS],
  openrouter: (limits) => [
    new OpenAI({ ...limits, baseURL: process.env.OPENROUTER_BASE_URL, apiKey: process.env.OPENROUTER_API_KEY ?? "k" }),
    CHAT_FORMS,
  ],
  messages: (limits) => [new Anthropic(limits), { raw: messagesRaw, helper: messagesHelper, plain: messagesPlain }],
};

main();
