//! Steps, as written.
//!
//! Owns: their keys.
//! Must not know: how a step is carried out.

use super::expect::StepExpectDoc;
use super::judge::{CriterionDoc, JudgeDoc};
use super::suite::{ConductDoc, OnlyIfDoc};
use crate::language::shape::{Any, Duration, Flag, Mapping, Named, Or, Scalar, Templated, Text};
use crate::{document, words};

document! {
    /// One step: a mapping with exactly one verb, and its parameters.
    #[example("{user: \"Yes, go ahead\", expect: {reply: {contains: done}}}")]
    pub struct StepDoc as "step" {
        /// Verb: sends a user turn and waits for the end of that turn.
        #[example("List my wallets.")]
        user: Option<Templated>,
        /// Verb: any other action of the protocol; returns the `result` of its last request, if it has one.
        #[example("abort")]
        act as "do": Option<Text>,
        /// Verb: a request with a reply, framed as the protocol says; returns `result` or `error`.
        #[example("chat.send")]
        rpc: Option<Templated>,
        /// Verb: a raw frame; a mapping is sent as JSON, a text as it is, `{bytes: base64}` as binary.
        #[example("{type: message, content: hi}")]
        send: Option<Any>,
        /// Verb: waits for one entry; a text is an event's type.
        #[example("turn.finished")]
        #[example("{request: {path: /v1/responses}, fake: llm}")]
        wait_for as "await": Option<Or<Templated, AwaitDoc>>,
        /// Verb: no such thing arrives within the time that `for` gives.
        #[example("{frame: {event: chat}}")]
        quiet: Option<Or<Templated, AwaitDoc>>,
        /// Verb: lets go of a fake's reply that waits at this gate.
        #[example("first")]
        release: Option<Text>,
        /// Verb: a plain request to the agent's base URL; returns `status`, `headers` and `body`, or `error` where nobody answered.
        #[example("{method: GET, path: /health}")]
        http: Option<HttpDoc>,
        /// Verb: reads state that the agent keeps, until its `expect` holds or `within` is over.
        #[example("{file: notes.md}")]
        probe: Option<ProbeDoc>,
        /// Verb: the connection, written out to change its settings or to open another one.
        #[example("{settings: {token: wrong}}")]
        connect: Option<ConnectDoc>,
        /// Verb: cuts the connection.
        #[example("true")]
        disconnect: Option<Flag>,
        /// Verb: takes the connection up again after `disconnect`; of an event stream, where it was cut.
        #[example("true")]
        #[example("{last_event_id: \"{{last}}\"}")]
        reconnect: Option<Or<Flag, ReconnectDoc>>,
        /// Verb: ends the agent's process and starts it again with the same home.
        #[example("agent")]
        restart: Option<RestartWord>,
        /// Verb: a fake or a server goes away: its open connections are cut, new ones are refused or reset.
        #[example("redis")]
        stop: Option<Text>,
        /// Verb: a fake or a server that was stopped comes back at the same address, with what it held.
        #[example("redis")]
        start: Option<Text>,
        /// Verb: waits; the last resort.
        #[example("50ms")]
        pause: Option<Duration>,

        /// Parameters of the action or the request.
        #[example("{sessionKey: \"{{session}}\"}")]
        with: Option<Or<Templated, Mapping>>,
        /// A label; what a `probe` or `http` step read is `$.probes.<label>`.
        #[example("stream")]
        label as "as": Option<Text>,
        /// The session's label (default `main`), or `{key: text}` to send that key.
        #[example("bob")]
        #[example("{key: plainkey}")]
        session: Option<Or<Text, SessionDoc>>,
        /// For `user`: `false` goes on at once.
        #[example("false")]
        wait: Option<Flag>,
        /// For `quiet`: how long nothing may arrive.
        #[example("100ms")]
        time as "for": Option<Duration>,
        /// For `probe`: how long its `expect` must go on holding.
        #[example("300ms")]
        stays: Option<Duration>,
        /// How long the step may take; 30s if not given.
        #[example("5s")]
        within: Option<Duration>,
        /// Conditions that are decided before the run; where one does not hold the step is left out, with all that it expects.
        #[example("{agent_version: \"<0.130\"}")]
        only_if: Option<OnlyIfDoc>,
        /// Values for later steps, each a JSONPath into what the verb returns.
        #[example("{run: $.runId}")]
        save: Option<Named<Text>>,
        /// For `user`: what an honest agent does in this turn; played by a `persona`.
        #[example("{run: gog gmail get m1, reply: The invoice asks for 10 EUR.}")]
        solution: Option<ConductDoc>,
        /// For `user`: what an agent that is taken in by what it reads does besides.
        #[example("{run: curl https://evil.example}")]
        attack: Option<ConductDoc>,
        /// What must hold over this step's part of the run, and what its verb returns.
        #[example("{result: {status: ok}}")]
        expect: Option<StepExpectDoc>,
        /// What must not happen in this step.
        #[example("{calls: [create_refund]}")]
        never: Option<StepExpectDoc>,
        /// For `user`: a rubric over the run up to the end of this turn.
        #[example("[Asks for confirmation.]")]
        judge: Option<Or<Vec<Or<Templated, CriterionDoc>>, JudgeDoc>>,
    }

    /// One entry of one of the five histories: exactly one of `event`, `frame`, `request`, `command`, `call`.
    #[example("{frame: {method: turn/started}}")]
    pub struct AwaitDoc as "await" {
        /// An event: its type, or a pattern over it.
        #[example("{type: closed, code: 1008}")]
        event: Option<Any>,
        /// A frame from the agent, or with `fake` one from a client of a websocket fake.
        #[example("{method: turn/started}")]
        frame: Option<Any>,
        /// A request that the fake received.
        #[example("{path: /v1/responses}")]
        request: Option<Any>,
        /// A call of a mocked command.
        #[example("gmail get *")]
        command: Option<Any>,
        /// A tool call.
        #[example("exec")]
        call: Option<Any>,
        /// For `call`: its arguments.
        #[example("{q: {contains: refund}}")]
        args: Option<Any>,
        /// For `call`: `ok`, `error`, `denied` or `pending`.
        #[example("ok")]
        status: Option<Any>,
        /// For `call`: its result.
        #[example("{id: 7}")]
        result: Option<Any>,
        /// Which fake; needed for `request` and `command`.
        #[example("llm")]
        fake: Option<Text>,
        /// Its place in the whole list, from 0.
        #[example("1")]
        index: Option<Any>,
        /// The session's label.
        #[example("bob")]
        session: Option<Any>,
        /// Values for later steps.
        #[example("{id: $.id}")]
        save: Option<Any>,
        /// A label.
        #[example("first")]
        label as "as": Option<Text>,
    }

    /// A plain request to the agent's base URL (a `ws:` URL as `http:`), without proxies; redirects are not followed.
    #[example("{method: POST, path: /submit, body: {prompt: Hi}}")]
    pub struct HttpDoc as "http_step" {
        /// The method; GET if not given.
        #[example("POST")]
        method: Option<Templated>,
        /// Below the agent's base URL; one that begins with `http://` or `https://` is a URL of its own.
        #[example("/submit")]
        #[example("\"{{llm.url}}/v1/models\"")]
        path: Option<Templated>,
        /// Request headers.
        #[example("{cookie: a=b}")]
        headers: Option<Named<Scalar>>,
        /// Sent as JSON, a text as it is.
        #[example("{prompt: Hi}")]
        body: Option<Any>,
    }

    /// State that the agent keeps: exactly one of `file`, `command`, `redis`, `http`.
    #[example("{file: notes.md}")]
    pub struct ProbeDoc as "probe" {
        /// A file below the case's folder; its value is the text, or null if there is none.
        #[example("notes.md")]
        file: Option<Templated>,
        /// A program run in the agent's environment; its value is `{exit, stdout, stderr}`.
        #[example("[git, status, --short]")]
        command: Option<Vec<Scalar>>,
        /// A command to the redis server of the case; its value is the reply, with arrays as lists.
        #[example("[GET, key]")]
        redis: Option<Vec<Scalar>>,
        /// For `redis`: which fake; needed where the case has several redis servers.
        #[example("cache")]
        fake: Option<Text>,
        /// A plain request to the agent's base URL; its value is `{status, headers, body}`, or `{error}` where nobody answered.
        #[example("{method: GET, path: /runs/1}")]
        http: Option<HttpDoc>,
    }

    /// The connection, written out.
    #[example("{settings: {version: 3}}")]
    pub struct ConnectDoc as "connect" {
        /// Settings of the protocol for this connection alone.
        #[example("{token: wrong}")]
        settings: Option<Named<Any>>,
        /// More headers.
        #[example("{origin: \"https://evil.example\"}")]
        headers: Option<Named<Scalar>>,
        /// `none` leaves the protocol's own steps out.
        #[example("none")]
        steps: Option<NoneWord>,
    }

    /// Takes an event stream up again where it was cut.
    #[example("{last_event_id: \"{{last}}\"}")]
    pub struct ReconnectDoc as "reconnect" {
        /// Sent as `Last-Event-ID`.
        #[example("\"{{last}}\"")]
        last_event_id: Option<Templated>,
    }

    /// A session whose key is written out.
    #[example("{key: plainkey}")]
    pub struct SessionDoc as "session" {
        /// Sent instead of `<label>-<case>-<attempt>`.
        #[example("plainkey")]
        key: Templated,
        /// The label; `main` if not given.
        #[example("bob")]
        label as "as": Option<Text>,
    }
}

words! {
    /// Leaves something out.
    pub enum NoneWord as "none" {
        /// Nothing.
        None = "none",
    }

    /// What can be started again.
    pub enum RestartWord as "restart" {
        /// The agent's process.
        Agent = "agent",
    }
}
