//! Routes of HTTP fakes, as written.
//!
//! Owns: their keys.
//! Must not know: how a route is matched, sockets.

use super::reply::AbortWord;
use crate::document;
use crate::language::shape::{Any, Defs, Duration, Named, Or, Reading, Scalar, Shape, Templated, Text, Whole};
use crate::model::tree::Node;
use serde_json::Value;
use std::sync::Arc;

/// A route, long or short; which one it is is found out when it is lowered.
#[derive(Clone, Debug)]
pub struct RouteNode(pub Arc<Node>);

impl Shape for RouteNode {
    fn types() -> Vec<&'static str> {
        vec!["object"]
    }

    fn schema(defs: &mut Defs) -> Value {
        RouteDoc::schema(defs)
    }

    fn read(node: &Arc<Node>, reading: &mut Reading<'_>) -> Option<RouteNode> {
        if node.is_map() {
            return Some(RouteNode(node.clone()));
        }
        reading.wrong_type::<RouteNode>(node);
        None
    }
}

document! {
    /// A route of an HTTP fake: which requests, and what they get. The first route that matches takes a request; one that none matches
    /// gets 404, and the case fails (HEAD and OPTIONS only ask whether somebody is there: they are noted, and fail nothing). In short the only key is method and path (`*` in it is any run of characters), with the answer,
    /// the answers in turn, or a text for the body: `POST /v1/calls: {status: 201}`. Long it has `when`.
    #[example("{POST /v1/calls: {headers: {location: /v1/calls/c1}, body: \"v=answer\\r\\n\"}}")]
    #[example("{GET /jobs/*: [{json: {state: running}}, {json: {state: done}}]}")]
    #[example("{when: {method: POST, path: /pay, body: {amount: {gt: 100}}}, status: 402}")]
    pub struct RouteDoc as "route" open {
        /// A pattern over `{method, path, query, headers, body, raw, part, nth}`; every request if not given. A plain `path` is a glob,
        /// and names of headers are written in any case. `part` has the parts of a form by name; `nth` is 1 for the fake's first request.
        #[example("{method: POST, path: /pay, headers: {authorization: {starts_with: Bearer}}}")]
        when: Option<Any>,
        /// The first so many requests of this route fail with 503, or `{times, status}`. They are no answers of a list, and store nothing.
        #[example("2")]
        #[example("{times: 1, status: 500}")]
        fail_first: Option<Or<Whole, FailFirstDoc>>,
        /// Answers given in turn, each once.
        #[example("[{status: 202}, {json: {state: done}}]")]
        answers: Option<Vec<RouteAnswerDoc>>,
        /// The status; 200 if not given.
        #[example("204")]
        status: Option<Whole>,
        /// Headers; a list sends one several times. Values may name what was asked: `{{request.query.id}}`.
        #[example("{location: /v1/calls/c1, set-cookie: [a=1, b=2]}")]
        headers: Option<Named<Or<Scalar, Vec<Scalar>>>>,
        /// The body: a text byte for byte, `{bytes: base64}` or `{from: file}`.
        #[example("\"v=answer\\r\\n\"")]
        #[example("{from: answers/offer.sdp}")]
        body: Option<Or<Templated, RouteBodyDoc>>,
        /// The body as JSON. Values of the request stand in `{{request.body.id}}` (null if it has no such value; `{{request.body.id?}}` leaves the key out), what `recall` read in `{{recalled}}`.
        #[example("{id: \"{{request.body.id}}\", ok: true}")]
        json: Option<Any>,
        /// The body as a stream of server-sent events, in chunks.
        #[example("[{event: state, data: {done: 1}}, {delay: 20ms}, done]")]
        sse: Option<Vec<Or<Templated, StreamPartDoc>>>,
        /// How long the answer waits.
        #[example("20ms")]
        delay: Option<Duration>,
        /// The answer waits until a step releases it.
        #[example("first")]
        gate: Option<Text>,
        /// The connection ends instead: before the answer, in the middle of its body (`half`), or after the last event of `sse`.
        #[example("reset")]
        abort: Option<AbortWord>,
        /// Puts a value aside for the `recall`s of this fake.
        #[example("{key: $.body.id, value: $.body}")]
        store: Option<StoreDoc>,
        /// Answers with what was stored under this key, as JSON; 404 if there is nothing and no `default`.
        #[example("{key: $.query.id}")]
        recall: Option<RecallDoc>,
    }

    /// One answer of a list.
    #[example("{status: 202, headers: {retry-after: 1}}")]
    pub struct RouteAnswerDoc as "route_answer" {
        /// The status; 200 if not given.
        #[example("204")]
        status: Option<Whole>,
        /// Headers; a list sends one several times.
        #[example("{location: /v1/calls/c1}")]
        headers: Option<Named<Or<Scalar, Vec<Scalar>>>>,
        /// The body: a text byte for byte, `{bytes: base64}` or `{from: file}`.
        #[example("\"v=answer\\r\\n\"")]
        body: Option<Or<Templated, RouteBodyDoc>>,
        /// The body as JSON.
        #[example("{state: done}")]
        json: Option<Any>,
        /// The body as a stream of server-sent events, in chunks.
        #[example("[{data: one}, {data: two}]")]
        sse: Option<Vec<Or<Templated, StreamPartDoc>>>,
        /// How long the answer waits.
        #[example("20ms")]
        delay: Option<Duration>,
        /// The answer waits until a step releases it.
        #[example("first")]
        gate: Option<Text>,
        /// The connection ends instead.
        #[example("reset")]
        abort: Option<AbortWord>,
        /// Puts a value aside for the `recall`s of this fake.
        #[example("{key: $.body.id}")]
        store: Option<StoreDoc>,
        /// Answers with what was stored under this key.
        #[example("{key: $.query.id}")]
        recall: Option<RecallDoc>,
    }

    /// A body that is no text; exactly one key.
    #[example("{from: answers/offer.sdp}")]
    pub struct RouteBodyDoc as "route_body" {
        /// Base64 of the bytes.
        #[example("AAEC")]
        bytes: Option<Templated>,
        /// A file beside the suite.
        #[example("answers/offer.sdp")]
        from: Option<Text>,
    }

    /// How many requests of a route fail, and how.
    #[example("{times: 1, status: 500}")]
    pub struct FailFirstDoc as "fail_first" {
        /// How many.
        #[example("1")]
        times: Whole,
        /// Their status; 503 if not given.
        #[example("500")]
        status: Option<Whole>,
    }

    /// What is put aside. Paths are into the request: `$.body.id`, `$.query.id`, `$.path`.
    #[example("{key: $.body.id, value: $.body}")]
    pub struct StoreDoc as "store" {
        /// Under which key: a text or a number of the request.
        #[example("$.body.id")]
        key: Text,
        /// What; the body if not given.
        #[example("$.body.state")]
        value: Option<Text>,
    }

    /// What is read again.
    #[example("{key: $.query.id}")]
    pub struct RecallDoc as "recall" {
        /// Under which key: a path into the request.
        #[example("$.query.id")]
        key: Text,
        /// What stands for a value that was never stored; without it the answer is 404.
        #[example("null")]
        default: Option<Any>,
    }

    /// One piece of an event stream: an event (`data`, and `event`, `id`, `retry` with it), or one of `comment`, `delay`, `gate`.
    /// A text alone is the data of an event.
    #[example("{event: state, id: 1, data: {done: true}}")]
    pub struct StreamPartDoc as "stream_part" {
        /// The payload: a text as it is, anything else as JSON.
        #[example("{done: true}")]
        data: Option<Any>,
        /// The name of the event.
        #[example("state")]
        event: Option<Scalar>,
        /// Its id, for `Last-Event-ID`.
        #[example("7")]
        id: Option<Scalar>,
        /// How long the client waits before it connects again.
        #[example("10ms")]
        retry: Option<Duration>,
        /// A comment line.
        #[example("keep-alive")]
        comment: Option<Text>,
        /// Waits.
        #[example("20ms")]
        delay: Option<Duration>,
        /// Waits until a step releases it; one that nobody releases holds the stream open.
        #[example("open")]
        gate: Option<Text>,
    }
}
