//! Protocol files, as written: how one talks to an agent.
//!
//! Owns: their keys but for the rules of `events`.
//! Must not know: how a protocol is carried out.

use super::rule::EventRuleDoc;
use crate::language::shape::{Any, Duration, Flag, Mapping, Named, Or, PatternNode, Scalar, Templated, Text};
use crate::{document, words};

document! {
    /// A protocol file: how one talks to an agent, and what its frames mean.
    #[example("{protocol: acme, transport: websocket, actions: {user: [{send: {text: \"{{text}}\"}}]}, events: [{when: {type: done}, turn.finished: completed}]}")]
    pub struct ProtocolDoc as "protocol" {
        /// Its name. This key stands first: it says what the file is.
        #[example("acme-chat")]
        protocol: Text,
        /// What it is about.
        #[example("The chat of Acme, version 2.")]
        description: Option<Text>,
        /// What carries the frames.
        #[example("websocket")]
        transport: TransportWord,
        /// Parameters with defaults; a plain value is the default.
        #[example("{token: {default: test-token, secret: true}}")]
        settings: Option<Named<SettingDoc>>,
        /// How a connection is opened.
        #[example("{headers: {authorization: \"Bearer {{token}}\"}, per: session}")]
        open: Option<OpenDoc>,
        /// Steps before a connection opens, such as minting a key.
        #[example("[]")]
        before: Option<Vec<ProtocolStepDoc>>,
        /// Steps once per connection.
        #[example("[{await: {frame: {type: hello}}}]")]
        connect: Option<Vec<ProtocolStepDoc>>,
        /// Steps before a session's first turn.
        #[example("[{rpc: thread/start, with: {}, save: {thread: $.thread.id}}]")]
        session: Option<Vec<ProtocolStepDoc>>,
        /// `user`, and any name that `do` may use. The engine itself uses `decide`, and `answer` and `answered` for calls that the client runs: `answer` for each call, with `{{call.id}}`, `{{call.name}}`, `{{call.args}}`, `{{call.result}}` and `{{call.failed}}`, then `answered` when all calls of one message have their answers. Calls of one frame, or of one answer over `http` and `sse`, are of one message.
        #[example("{user: [{send: {text: \"{{text}}\"}}]}")]
        actions: Named<Vec<ProtocolStepDoc>>,
        /// The wire's values for `{{approval.decision}}`.
        #[example("{accept: allow-once, decline: deny}")]
        approvals: Option<ApprovalWordsDoc>,
        /// The frame of an `rpc` step, and which frame is its reply.
        #[example("{send: {id: \"{{id}}\", method: \"{{method}}\", params: \"{{params}}\"}, reply: {id: \"{{id}}\"}, result: $.result, error: $.error}")]
        rpc: Option<RpcDoc>,
        /// To which session and turn a frame belongs.
        #[example("{session: {$.params.threadId: \"{{session.thread}}\"}}")]
        belongs: Option<BelongsDoc>,
        /// What frames mean.
        #[example("[{when: {type: done}, turn.finished: completed}]")]
        events: Option<Vec<EventRuleDoc>>,
        /// Frames that mean nothing.
        #[example("[{type: heartbeat}]")]
        ignore: Option<Vec<PatternNode>>,
        /// Rules that always hold, unless a case leaves them out.
        #[example("[one_terminal_per_turn]")]
        invariants: Option<Vec<InvariantWord>>,
        /// Where `$.final` comes from: a path into the frame that ended the turn, or a built-in reducer.
        #[example("$.response")]
        #[example("{reduce: core2}")]
        final_object as "final": Option<Or<Text, ReduceDoc>>,
        /// Stands for all rules of a wire. The message decoded last is `{{answer}}`.
        #[example("messages")]
        decode: Option<DecodeWord>,
        /// How `{{tools}}` writes the tools of `functions` fakes; if not given, as the wire of `decode` does, or else `flat`.
        #[example("chat")]
        tools: Option<ToolFormWord>,
    }

    /// A parameter of the protocol.
    #[example("{default: 4, one_of: [3, 4]}")]
    pub struct SettingDoc as "setting" {
        /// Its value if none is given.
        #[example("test-token")]
        default: Option<Any>,
        /// The values it may have.
        #[example("[3, 4]")]
        one_of: Option<Vec<Any>>,
        /// Replaced in everything that is stored or shown, by `«name»`. A text of a pattern that holds it whole is compared in that form,
        /// if the suite's file writes it in clear; a regular expression is not.
        #[example("true")]
        secret: Option<Flag>,
    }

    /// How a connection is opened.
    #[example("{path: /v1, headers: {authorization: \"Bearer {{token}}\"}}")]
    pub struct OpenDoc as "open" {
        /// Below the agent's URL.
        #[example("/v1/realtime")]
        path: Option<Templated>,
        /// Instead of the agent's URL.
        #[example("\"{{session_url}}\"")]
        url: Option<Templated>,
        /// Headers of the handshake.
        #[example("{authorization: \"Bearer {{token}}\"}")]
        headers: Option<Named<Scalar>>,
        /// Added to the URL.
        #[example("{model: \"{{model}}\"}")]
        query: Option<Named<Scalar>>,
        /// Websocket subprotocols.
        #[example("[realtime]")]
        subprotocols: Option<Vec<Templated>>,
        /// One connection for the `agent` (default), or one per `session`.
        #[example("session")]
        per: Option<PerWord>,
    }

    /// A step of the protocol itself: exactly one verb, and its parameters.
    #[example("{rpc: thread/start, with: {}, save: {thread: $.thread.id}}")]
    pub struct ProtocolStepDoc as "protocol_step" {
        /// Verb: sends a frame.
        #[example("{type: message, content: \"{{text}}\"}")]
        send: Option<Any>,
        /// Verb: waits for a frame.
        #[example("{frame: {type: session.created}}")]
        wait_for as "await": Option<FrameDoc>,
        /// Verb: a request with a reply.
        #[example("thread/start")]
        rpc: Option<Templated>,
        /// Verb: an HTTP request.
        #[example("{method: POST, path: /chat, body: {message: \"{{text}}\"}}")]
        http: Option<ProtocolHttpDoc>,
        /// Verb: starts a turn's process; `args` are added to the agent's command.
        #[example("{args: [\"{{text}}\"]}")]
        run: Option<RunDoc>,
        /// Verb: opens an SSE stream for the turn. A stream that gave ids or `retry` and ends too early is opened again with
        /// `Last-Event-ID`.
        #[example("{path: \"/stream/{{turn.run_id}}\"}")]
        listen: Option<ListenDoc>,
        /// Verb: adds to a list that belongs to the session; the items of a list are added one by one.
        #[example("{history: {role: user, content: \"{{text}}\"}}")]
        append: Option<Named<Any>>,
        /// Verb: saves values, under the names that `save` would give them here; `expect` is then over them.
        #[example("{run_id: \"{{random.uuid}}\"}")]
        set: Option<Named<Any>>,
        /// Verb: the steps of another action.
        #[example("ask")]
        act as "do": Option<Text>,

        /// Parameters of `rpc`.
        #[example("{threadId: \"{{session.thread}}\"}")]
        with: Option<Any>,
        /// Values by JSONPath into what the verb returns; a list of paths is the first that exists.
        #[example("{thread: $.thread.id}")]
        save: Option<Named<Or<Text, Vec<Text>>>>,
        /// A pattern over what the verb returns; a refusal is `broken`, not silence.
        #[example("{status: 202}")]
        expect: Option<PatternNode>,
        /// A condition.
        #[example("{first_turn: true}")]
        only_if: Option<StepConditionDoc>,
        /// How long it may take; 30s if not given, for `http` and `listen` as long as the suite's step.
        #[example("5s")]
        within: Option<Duration>,
    }

    /// What `await` waits for.
    #[example("{frame: {type: session.created}}")]
    pub struct FrameDoc as "protocol_await" {
        /// A pattern over a frame.
        #[example("{type: session.created}")]
        frame: PatternNode,
    }

    /// An HTTP request of a protocol. Redirects are not followed. Headers and query of `open` go with a `path`, not with a `url`.
    #[example("{method: POST, path: /chat, body: {message: \"{{text}}\"}}")]
    pub struct ProtocolHttpDoc as "protocol_http" {
        /// The method; GET if not given.
        #[example("POST")]
        method: Option<Templated>,
        /// Below the agent's URL.
        #[example("/chat")]
        path: Option<Templated>,
        /// A whole URL instead.
        #[example("\"{{session_url}}\"")]
        url: Option<Templated>,
        /// Request headers.
        #[example("{cookie: \"{{cookie?}}\"}")]
        headers: Option<Or<Templated, Named<Scalar>>>,
        /// Added to the URL.
        #[example("{v: \"1\"}")]
        query: Option<Or<Templated, Named<Scalar>>>,
        /// Sent as JSON; a text as it is, `{bytes: base64}` as bytes.
        #[example("{message: \"{{text}}\"}")]
        body: Option<Any>,
    }

    /// The process of a turn.
    #[example("{args: [\"{{text}}\"]}")]
    pub struct RunDoc as "run" {
        /// Added to the agent's command.
        #[example("[resume, \"{{session.thread}}\"]")]
        args: Option<Vec<Scalar>>,
        /// Written to its standard input, which is then closed.
        #[example("\"{{text}}\"")]
        stdin: Option<Templated>,
        /// More variables.
        #[example("{MODE: turn}")]
        env: Option<Named<Scalar>>,
    }

    /// An SSE stream for a turn.
    #[example("{path: \"/stream/{{turn.run_id}}\", until: {event: done}}")]
    pub struct ListenDoc as "listen" {
        /// Below the agent's URL.
        #[example("/stream")]
        path: Templated,
        /// The frame after which it is left; without it, the end of the turn.
        #[example("{event: done}")]
        until: Option<PatternNode>,
    }

    /// Conditions of steps and rules.
    #[example("{settings: {prompt: stdin}, first_turn: true}")]
    pub struct StepConditionDoc as "condition" {
        /// A pattern over the settings.
        #[example("{api_key: {not: null}}")]
        settings: Option<PatternNode>,
        /// A pattern over what the steps `before` and `connect` saved: the `x` of `{{agent.x}}`.
        #[example("{protocol: 3}")]
        agent: Option<PatternNode>,
        /// Whether it is the session's first turn.
        #[example("true")]
        first_turn: Option<Flag>,
        /// Whether the turn (of a rule: that of the frame) has ended already.
        #[example("false")]
        turn_ended: Option<Flag>,
    }

    /// The wire's values for a decision.
    #[example("{accept: allow-once, decline: deny}")]
    pub struct ApprovalWordsDoc as "approval_words" {
        /// For `accept`.
        #[example("allow-once")]
        accept: Any,
        /// For `decline`.
        #[example("deny")]
        decline: Any,
    }

    /// The frame of an `rpc` step, and which frame is its reply.
    #[example("{send: {id: \"{{id}}\", method: \"{{method}}\", params: \"{{params}}\"}, reply: {id: \"{{id}}\"}, result: $.result, error: $.error}")]
    pub struct RpcDoc as "rpc" {
        /// What is sent, with `{{id}}`, `{{method}}` and `{{params}}`.
        #[example("{id: \"{{id}}\", method: \"{{method}}\", params: \"{{params}}\"}")]
        send: Mapping,
        /// A pattern over frames, with `{{id}}`.
        #[example("{id: \"{{id}}\"}")]
        reply: PatternNode,
        /// Where the result is.
        #[example("$.result")]
        result: Text,
        /// Where the error is.
        #[example("$.error")]
        error: Text,
    }

    /// To which session and turn a frame belongs: by path, the value that the frame has there. Of a list, the first whose paths the
    /// frame has counts. The end of a turn in a session that is none of the case's ends nothing here.
    #[example("{turn: {$.payload.runId: \"{{turn.run_id}}\"}}")]
    pub struct BelongsDoc as "belongs" {
        /// With `{{session}}` and `{{session.x}}`.
        #[example("{$.params.threadId: \"{{session.thread}}\"}")]
        #[example("[{$.payload.key: \"{{session.key}}\"}, {$.payload.request.key: \"{{session.key}}\"}]")]
        session: Option<Or<Named<Templated>, Vec<Named<Templated>>>>,
        /// With `{{turn.x}}`.
        #[example("{$.payload.runId: \"{{turn.run_id}}\"}")]
        turn: Option<Or<Named<Templated>, Vec<Named<Templated>>>>,
    }

    /// A built-in reducer.
    #[example("{reduce: core2}")]
    pub struct ReduceDoc as "reduce" {
        /// Its name.
        #[example("core2")]
        reduce: ReducerWord,
        /// Of `core2`: what is no event of it makes the response an error, instead of being left out.
        #[example("true")]
        strict: Option<Flag>,
    }
}

words! {
    /// What carries the frames.
    pub enum TransportWord as "transport" {
        /// A websocket.
        Websocket = "websocket",
        /// Plain requests.
        Http = "http",
        /// Requests whose answers are event streams.
        Sse = "sse",
        /// Lines on the standard streams of a process that lives on.
        Stdio = "stdio",
        /// A process for each turn.
        Exec = "exec",
    }

    /// How many connections there are.
    pub enum PerWord as "per" {
        /// One for all sessions.
        Agent = "agent",
        /// One for each session.
        Session = "session",
    }

    /// A wire whose rules are built in.
    pub enum DecodeWord as "decode" {
        /// OpenAI Responses.
        Responses = "responses",
        /// Chat completions.
        Chat = "chat",
        /// Anthropic Messages.
        Messages = "messages",
        /// OpenAI Realtime.
        Realtime = "realtime",
    }

    /// How a wire writes the tools that it offers.
    pub enum ToolFormWord as "tool_form" {
        /// `{type: function, name, description, parameters}`: Responses and Realtime.
        Flat = "flat",
        /// `{type: function, function: {name, description, parameters}}`: chat completions.
        Chat = "chat",
        /// `{name, description, input_schema}`: Messages.
        Messages = "messages",
    }

    /// A built-in reducer that makes `$.final` from the frames of a turn.
    pub enum ReducerWord as "reducer" {
        /// Core 2.0.
        Core2 = "core2",
        /// OpenAI Responses.
        Responses = "responses",
        /// Chat completions.
        Chat = "chat",
        /// Anthropic Messages.
        Messages = "messages",
    }

    /// A rule that always holds, unless a case leaves it out.
    pub enum InvariantWord as "invariant" {
        /// A turn ends once.
        OneTerminalPerTurn = "one_terminal_per_turn",
        /// Each call that was started has its end before its turn has ended.
        CallsHaveResults = "calls_have_results",
        /// Each item that began is finished before its turn has completed, by the events `item` and `item.finished`.
        ItemsAreFinished = "items_are_finished",
        /// The deltas of a message, joined, are its text.
        DeltasJoinToFinal = "deltas_join_to_final",
        /// A mocked command that the agent says it ran in a shell was asked. It holds for every protocol.
        MocksAreAsked = "mocks_are_asked",
        /// Each frame is a JSON object; of an event stream, the data of each event. Frames of `ignore` may be anything.
        FramesAreJson = "frames_are_json",
    }
}
