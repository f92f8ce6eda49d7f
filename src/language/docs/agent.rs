//! Agents, as written.
//!
//! Owns: their keys.
//! Must not know: processes, which protocols there are.

use crate::language::shape::{Any, Duration, Flag, Named, Nullable, Or, PatternNode, Scalar, Templated, Text};
use crate::{document, words};

document! {
    /// How the agent is started and spoken to.
    #[example("{protocol: codex-exec, command: [codex, exec, --json]}")]
    pub struct AgentDoc as "agent" {
        /// A named agent of `checkride.yaml`, or `reference`, whose parts are overridden here. Who gives a `url` and no `command` means another
        /// agent, which runs already: what the base is launched with (`command`, `ready`, `env`, `files`, …) is not taken over.
        #[example("openclaw")]
        base: Option<Text>,
        /// A built-in protocol, or a path to a protocol file.
        #[example("codex-app-server")]
        protocol: Option<Text>,
        /// The program and its arguments, launched for each case.
        #[example("[codex, app-server]")]
        command: Option<Vec<Scalar>>,
        /// Of one that runs already, or beside `command` where the agent is told `{{agent.port}}`.
        #[example("\"ws://127.0.0.1:{{agent.port}}\"")]
        url: Option<Templated>,
        /// Variables of the launched agent. `null` takes one away, also one that checkride sets itself, such as `OPENAI_BASE_URL` for the case's
        /// only model fake.
        #[example("{RUST_LOG: warn, OPENAI_BASE_URL: null}")]
        env: Option<Named<Nullable<Scalar>>>,
        /// Files below the case's folder, `{{case.dir}}`: a text, or `{from: path}`. `{{case.bin}}` is the folder of the mocked commands, for
        /// agents that are told where to look first.
        #[example("{notes.md: {from: ../scripts/notes.md}}")]
        files: Option<Named<Nullable<Or<Templated, FromDoc>>>>,
        /// How one knows that it can be spoken to; `connect` if not given.
        #[example("{log: \"listening on (?<url>\\\\S+)\", within: 60s}")]
        ready: Option<Or<ReadyWord, ReadyDoc>>,
        /// How its version is read.
        #[example("{command: [codex, --version], matches: \"(\\\\d+\\\\.\\\\d+)\"}")]
        version: Option<VersionDoc>,
        /// `case` (default), or `suite`: one process for all cases, which then run one after another.
        #[example("suite")]
        scope: Option<ScopeWord>,
        /// Settings of the protocol; `null` is the default. Steps name those that are no secrets: `{{agent.settings.NAME}}`.
        #[example("{token: \"{{env.TOKEN:-test-token}}\"}")]
        settings: Option<Named<Any>>,
        /// Credentials from the environment: at least one of these variables must be set, or no case with this agent runs.
        #[example("[HARNESS_COOKIE, HARNESS_AUTHORIZATION]")]
        needs_env: Option<Vec<Text>>,
        /// How long a step may take that has no `within` of its own; 30s if not given.
        #[example("\"{{env.HARNESS_TIMEOUT_MS:-20000}}ms\"")]
        within: Option<Duration>,
        /// What is approved: the first rule that matches decides; without one the request is declined and the case fails.
        #[example("[{when: {command: {starts_with: gog}}, decide: accept}, {decide: decline}]")]
        approvals: Option<Vec<ApprovalDoc>>,
        /// `trap` (default for launched agents), `open`, or a map of hosts to fakes or `allow`. In a map a host is a name, `"*.name"` for
        /// every name below it, or `"*"`; each with or without `:port`; the nearest counts. Its requests reach the fake with their path
        /// as it is: `https://api.openai.com/v1/responses` asks the fake `llm` for `{{llm.url}}/v1/responses`, WebSockets too. `allow`
        /// lets a host through untouched; it does not count for `egress: none`. Every other host is recorded and refused.
        ///
        /// This is an HTTP proxy that ends TLS with a certificate authority of the run. The agent is told by `HTTPS_PROXY` and its kin,
        /// and by `SSL_CERT_FILE`, `NODE_EXTRA_CA_CERTS`, `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `DENO_CERT` and the like; others are
        /// told with `{{egress.url}}` and `{{egress.ca_file}}`. It is a test double, not a sandbox: a client that does not ask a proxy
        /// (raw sockets, DNS, UDP, an HTTP library without proxy support) is neither led nor seen nor stopped, and one that brings its
        /// own list of authorities refuses the certificate, which is noted. The fakes speak HTTP/1.1. A host leads all that is asked of it
        /// to its fake, also what an agent asks besides its model (settings, telemetry); a model fake answers that by routes under `http`.
        #[example("trap")]
        #[example("{api.openai.com: llm, \"*.anthropic.com\": llm, pypi.org: allow}")]
        egress: Option<Or<EgressWord, Named<Text>>>,
        /// How it is ended.
        #[example("{signal: TERM, grace: 10s}")]
        stop: Option<StopDoc>,
    }

    /// A file that is copied.
    #[example("{from: ../scripts/notes.md}")]
    pub struct FromDoc as "from" {
        /// Relative to the suite file.
        #[example("../scripts/notes.md")]
        from: Text,
    }

    /// How one knows that a launched agent can be spoken to: one of `log`, `http`, `connect`.
    #[example("{log: \"listening on (?<url>\\\\S+)\", within: 60s}")]
    pub struct ReadyDoc as "ready" {
        /// A regular expression over its output lines without their colours; the group `url` is its URL, every named group is `{{agent.<name>}}`.
        #[example("listening on (?<url>\\\\S+)")]
        log: Option<Text>,
        /// A path that answers with 2xx.
        #[example("/health")]
        http: Option<Text>,
        /// Its URL takes connections.
        #[example("true")]
        connect: Option<Flag>,
        /// How long that may take; 30s if not given.
        #[example("60s")]
        within: Option<Duration>,
    }

    /// How the agent's version is read.
    #[example("{command: [codex, --version], matches: \"(\\\\d+\\\\.\\\\d+\\\\.\\\\d+)\"}")]
    pub struct VersionDoc as "version" {
        /// The program and its arguments.
        #[example("[codex, --version]")]
        command: Vec<Scalar>,
        /// The first group is the version.
        #[example("(\\\\d+\\\\.\\\\d+\\\\.\\\\d+)")]
        matches: Text,
    }

    /// A rule for approvals.
    #[example("{when: {command: {starts_with: gog}}, decide: accept}")]
    pub struct ApprovalDoc as "approval" {
        /// A pattern over the fields of `approval.requested`; every request if not given.
        #[example("{command: {starts_with: gog}}")]
        when: Option<PatternNode>,
        /// What is answered.
        #[example("accept")]
        decide: DecideWord,
    }

    /// How a launched agent is ended.
    #[example("{signal: TERM, grace: 10s}")]
    pub struct StopDoc as "stop" {
        /// The first signal; TERM if not given.
        #[example("INT")]
        signal: Option<SignalWord>,
        /// How long it may take before it is killed; 10s if not given.
        #[example("2s")]
        grace: Option<Duration>,
    }
}

words! {
    /// How one knows that a launched agent can be spoken to.
    pub enum ReadyWord as "ready_word" {
        /// Its URL takes connections.
        Connect = "connect",
    }

    /// How long an agent lives.
    pub enum ScopeWord as "scope" {
        /// One process for each case.
        Case = "case",
        /// One process for all cases of the suite.
        Suite = "suite",
    }

    /// What is answered to a request for approval.
    pub enum DecideWord as "decide" {
        /// Go on.
        Accept = "accept",
        /// Do not.
        Decline = "decline",
    }

    /// What happens to attempts to reach other hosts.
    pub enum EgressWord as "egress" {
        /// They are recorded and refused.
        Trap = "trap",
        /// Nobody looks.
        Open = "open",
    }

    /// The first signal.
    pub enum SignalWord as "signal" {
        /// SIGTERM.
        Term = "TERM",
        /// SIGINT.
        Int = "INT",
        /// SIGHUP.
        Hup = "HUP",
        /// SIGKILL.
        Kill = "KILL",
    }
}
