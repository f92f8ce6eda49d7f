// An agent on @openai/agents-realtime. It says the prompt, runs the tool `add`, and prints the reply.
// (The realtime client of the openai package speaks `wss:` only, whatever its base URL says.)
//
// Usage: realtime_node.cjs [--text|--audio] PROMPT
// OPENAI_BASE_URL and OPENAI_API_KEY say where the model is.
'use strict';

const options = process.argv.slice(2, -1);
const prompt = process.argv[process.argv.length - 1];
const base = process.env.OPENAI_BASE_URL;
const apiKey = process.env.OPENAI_API_KEY;

function fail(reason) {
  console.error(reason instanceof Error ? reason.stack : JSON.stringify(reason));
  process.exit(1);
}
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

function add({ a, b }) {
  return JSON.stringify({ sum: a + b });
}

async function agents() {
  const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebSocket, tool } = require('@openai/agents-realtime');
  const { z } = require('zod');
  const url = `${base.replace(/^http/, 'ws')}/realtime?model=gpt-realtime`;
  const transport = new OpenAIRealtimeWebSocket({ url });
  const adder = tool({ name: 'add', description: 'Adds.', parameters: z.object({ a: z.number(), b: z.number() }), execute: async (numbers) => add(numbers) });
  const agent = new RealtimeAgent({ name: 'adder', instructions: 'Add.', tools: [adder] });
  const config = options.includes('--text') ? { outputModalities: ['text'] } : {};
  const session = new RealtimeSession(agent, { transport, model: 'gpt-realtime', config });
  session.on('error', (event) => fail(event.error ?? event));
  session.on('agent_end', (_context, _agent, output) => {
    if (!output) return; // it ended with a tool call
    console.log(output);
    session.close();
    process.exit(0);
  });
  await session.connect({ apiKey, url });
  session.sendMessage(prompt);
}

agents().catch(fail);
