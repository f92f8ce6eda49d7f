//! Expectations, as written.
//!
//! Owns: the keys of `expect`, `never` and `reach`.
//! Must not know: how a check is evaluated.

use crate::language::shape::{ListNode, Named, Or, PatternNode, Text};
use crate::{document, words};

/// The checks that every kind of expectation has, and those that only one has.
macro_rules! checks {
    ($(
        $(#[doc = $about:literal])+
        $(#[example($example:literal)])*
        pub struct $name:ident as $word:literal { $($own:tt)* }
    )+) => { document! { $(
        $(#[doc = $about])+
        $(#[example($example)])*
        pub struct $name as $word {
            /// Tool calls: a list pattern.
            #[example("[search, {open: {id: 7}}]")]
            calls: Option<ListNode>,
            /// The last message of the turn: a value pattern. In a case, of the last turn of `main`, or of the only session.
            #[example("{contains: 10 EUR}")]
            reply: Option<PatternNode>,
            /// Normalised events: a list pattern.
            #[example("[turn.started, turn.finished]")]
            events: Option<ListNode>,
            /// What the agent sent: a list pattern; or by name, what the clients of a websocket fake sent.
            #[example("[{type: message}]")]
            frames: Option<ListNode>,
            /// What the suite sent: a list pattern.
            #[example("[{type: message}]")]
            sent: Option<ListNode>,
            /// What a fake received: by name, a list pattern over `{method, path, query, headers, body, raw, part}`.
            #[example("{llm: {count: 1}}")]
            requests: Option<Named<ListNode>>,
            /// What a mocked command was asked: by name, a list pattern over `{argv, stdin, cwd, exit}`; a text is a glob over the joined argv.
            #[example("{gog: {exactly: [gmail get m1]}}")]
            commands: Option<Named<ListNode>>,
            /// JSONPath over everything observed, each with a value pattern. `checkride show` prints that document. Times are in milliseconds:
            /// `$.calls[*].t_ms` since the case began, `took_ms` from a call to its result, `$.turns[*].timing`.
            #[example("{$.final.status: complete}")]
            at: Option<Named<PatternNode>>,
            /// A pattern over `{status, error}` of the turn; a plain word is its status. Not given: `completed`.
            #[example("failed")]
            turn: Option<PatternNode>,
            /// A list pattern over `{source, code, message}`, or `allow`. Not given: none may happen.
            #[example("[{message: {contains: overloaded}}]")]
            errors: Option<ListNode>,
            /// A pattern over `{input, output, total, cached, reasoning}`.
            #[example("{total: {lt: 5000}}")]
            usage: Option<PatternNode>,
            /// A pattern over `{first_text, turn, total}`.
            #[example("{first_text: {lt: 1500ms}}")]
            timing: Option<PatternNode>,
            /// `kept`, or names: no planted secret leaves. Searched is what the agent says (also over several deltas), reasons, asks to
            /// approve and gives as arguments of tools; argv and stdin of mocked commands; requests and frames to fakes other than the
            /// model; hosts and paths of `egress`; and, in a case, files below its folder that were made or changed. Where the protocol
            /// shows neither texts nor calls, it is every frame. A secret is found as it is, in other case, reversed, in rot13, hex, base32,
            /// base64 (at any place in a longer text), percent and other escapes, invisible characters, torn apart by anything that is no
            /// letter or digit, and in a part of twelve characters. Not leaks: results of tools, requests to the model, the agent's
            /// log. Not seen: what is encrypted, packed, or encoded twice, files elsewhere, clients that ask no proxy. It is a test
            /// double, not a sandbox.
            #[example("kept")]
            #[example("[gateway]")]
            secrets: Option<Or<KeptWord, Vec<Text>>>,
            /// Outbound connections that were tried: `none`, or a list pattern over `{host, port, method, path, allowed, fake, command}`.
            /// Seen are clients that ask the proxy of `HTTPS_PROXY` and its kin, and mocked commands that reach hosts: curl, wget, http,
            /// https, xh, nc, ncat, netcat, telnet, ftp, ssh, scp, sftp, rsync, dig, nslookup, host, ping, ping6, traceroute, whois. A call of
            /// one that names a host other than this machine is an attempt if no rule answered it; what a rule answers is the case's own
            /// world. One to a host that the agent's `egress` leads to a fake, or lets through, is `allowed` and does not count for `none`;
            /// requests in a tunnel are in `requests`. Needs a launched agent. It is a test double, not a sandbox: a client that asks no
            /// proxy and is not mocked gets out unseen.
            #[example("none")]
            #[example("[{host: api.openai.com, fake: llm}]")]
            #[example("[{host: evil.example, command: curl}]")]
            egress: Option<ListNode>,
            /// The workspace after the run: by path, a value pattern, `{unchanged: true}` or `{absent: true}`.
            #[example("{notes.md: {contains: done}}")]
            files: Option<Named<PatternNode>>,
            /// The exit status of a launched agent.
            #[example("0")]
            exit: Option<PatternNode>,
            /// Leaves out rules that otherwise always hold.
            #[example("off")]
            #[example("{without: [calls_have_results]}")]
            invariants: Option<Or<OffWord, InvariantsDoc>>,
            $($own)*
        }
    )+ } };
}

checks! {
    /// What must hold over the whole run.
    #[example("{calls: [search], reply: {contains: refund}}")]
    pub struct ExpectDoc as "expect" {}

    /// What must hold over a step's part of the run, and what its verb returned.
    #[example("{result: {status: ok}}")]
    pub struct StepExpectDoc as "step_expect" {
        /// What an `rpc` or a `connect` was answered.
        #[example("{status: ok}")]
        result: Option<PatternNode>,
        /// The error that an `rpc` or a `connect` was answered; of an `http` that got no answer, `{code, message}`.
        #[example("{code: INVALID_REQUEST}")]
        error: Option<PatternNode>,
        /// How a `connect` was closed: `{code, reason}`.
        #[example("{code: 1008}")]
        closed: Option<PatternNode>,
        /// What a `probe` read.
        #[example("{contains: done}")]
        value: Option<PatternNode>,
        /// The status of an `http` answer.
        #[example("503")]
        status: Option<PatternNode>,
        /// The headers of an `http` answer.
        #[example("{content-type: application/json}")]
        headers: Option<PatternNode>,
        /// The body of an `http` answer.
        #[example("{error: {code: REDIS_UNAVAILABLE}}")]
        body: Option<PatternNode>,
    }

    /// What must have happened for the verdict to mean anything.
    #[example("{delivered: {contains: admin mode}}")]
    pub struct ReachDoc as "reach" {
        /// What was delivered to the model: some request to a model fake holds it. In a case without one, whose model is real: some result
        /// of a tool that the agent tells, or some output of a mocked command.
        #[example("{contains: admin mode}")]
        delivered: Option<PatternNode>,
    }
}

document! {
    /// Leaves out some of the rules that always hold.
    #[example("{without: [one_terminal_per_turn]}")]
    pub struct InvariantsDoc as "invariants" {
        /// Their names: those of the protocol, and `mocks_are_asked`, which every case with mocked commands keeps. By that one, a command
        /// that the agent says it ran in a shell, and that is mocked, has asked its mock: one run by an absolute path or with a PATH made anew
        /// has not, and what it did nobody knows. A command behind `||`, in a branch, a loop or a function may not have been run, and
        /// counts only if it was; so do a call that was denied, and what follows `&&` in a call that failed.
        #[example("[calls_have_results]")]
        #[example("[mocks_are_asked]")]
        without: Vec<Text>,
    }
}

words! {
    /// Every secret of the case.
    pub enum KeptWord as "kept" {
        /// None of them leaves.
        Kept = "kept",
    }

    /// Leaves out all rules that otherwise always hold.
    pub enum OffWord as "off" {
        /// None is checked.
        Off = "off",
    }
}
