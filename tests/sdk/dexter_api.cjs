// The chat of an API on the real Agents SDK: what the SDK tells of a run is passed on as it is. Run by `cargo test --test world_dexter`.
const http = require('node:http');
const { Agent, hostedMcpTool, Runner } = require('@openai/agents-core');
const { OpenAIProvider } = require('@openai/agents-openai');
const { OpenAI } = require('openai');
const e = process.env;
const client = new OpenAI({ apiKey: e.OPENAI_API_KEY, baseURL: e.OPENAI_BASE_URL, maxRetries: 0 });
const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: client, useResponses: true }), tracingDisabled: true });
const hosted = () => e.TOKEN_AI_MCP_TOKEN ? [hostedMcpTool({ serverLabel: 'dexter', serverUrl: e.MCP_URL, headers: { Authorization: `Bearer ${e.TOKEN_AI_MCP_TOKEN}` } })] : [];
const sub = (name, text) => new Agent({ name, instructions: text, model: e.TEXT_MODEL ?? 'gpt-4.1-mini', tools: hosted() }).asTool({ toolName: name, toolDescription: text });
const json = (res, status, body) => { res.writeHead(status, { 'content-type': 'application/json' }); res.end(JSON.stringify(body)); };
const server = http.createServer(async (req, res) => {
  const url = new URL(req.url, 'http://x');
  let text = ''; for await (const c of req) text += c;
  const body = text ? JSON.parse(text) : {};
  const input = String(url.searchParams.get('q') ?? body.input ?? '').trim();
  const model = url.searchParams.get('model') || body.model || 'gpt-4.1-mini';
  if (url.pathname === '/health') return json(res, 200, { ok: true, service: 'dexter-api', mcp: e.MCP_URL });
  if (!url.pathname.startsWith('/chat')) return json(res, 404, { ok: false, error: 'none' });
  if (!input) return json(res, 400, { ok: false, error: 'input_required' });
  if (!e.OPENAI_API_KEY) return json(res, 501, { ok: false, error: 'OPENAI_API_KEY not set' });
  try {
    if (url.pathname === '/chat') {
      const agent = new Agent({ name: 'Dexter Agent', instructions: 'Be concise.', model, tools: [sub('trader', 't'), sub('wallet_manager', 'w'), sub('market_data', 'm'), ...hosted()] });
      const result = await runner.run(agent, input, { stream: false });
      return json(res, 200, { ok: true, result: { text: result.finalOutput ?? null, raw: result } });
    }
    const agent = new Agent({ name: 'Dexter Agent', instructions: 'Be concise.', model, tools: hosted() });
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (o) => res.write(`data: ${JSON.stringify(o)}\n\n`);
    try {
      const run = await runner.run(agent, input, { stream: true });
      for await (const event of run) send({ type: 'event', event });
      await run.completed; send({ type: 'done' });
    } catch (err) { send({ type: 'error', error: String(err?.message ?? err) }); }
    res.end();
  } catch (err) { json(res, 500, { ok: false, error: String(err?.message ?? err) }); }
});
server.listen(0, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
