//! Requests with a reply, framed as the protocol's `rpc` says.
//!
//! Owns: ids, sending a request, waiting for its reply.
//! Must not know: which frame is the reply (that is read where frames arrive).

use super::setup::RpcReply;
use super::shared::Shared;
use super::state::{Keep, LinkId, Pending, Place};
use super::stop::{Stop, late, suite};
use crate::model::pattern::JsonPath;
use crate::transports::Outgoing;
use indexmap::IndexMap;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

pub(super) struct Request {
    pub(super) link: LinkId,
    pub(super) place: Place,
    pub(super) method: String,
    pub(super) params: Option<Value>,
    pub(super) local: IndexMap<String, Value>,
    pub(super) save: Vec<(Arc<str>, Vec<JsonPath>)>,
    pub(super) keep: Keep,
    pub(super) within: Duration,
}

impl Shared {
    /// Sends a request and returns its reply. An `error` in the reply is no error of this function.
    pub(super) async fn request(&self, request: Request) -> Result<RpcReply, Stop> {
        let Some(rpc) = &self.protocol.rpc else {
            return Err(suite(format!("protocol `{}` has no `rpc`, so nothing says how a request is framed", self.protocol.name)).into());
        };
        let Request { link, place, method, params, mut local, save, keep, within } = request;
        let deadline = Instant::now() + within;
        let (id, frame) = {
            let mut state = self.state();
            let number = state.links[link].requests + 1;
            state.links[link].requests = number;
            // A text: servers echo it, and it is never one of their own numbers.
            local.insert("id".to_owned(), format!("r{number}").into());
            local.insert("method".to_owned(), method.as_str().into());
            local.insert("params".to_owned(), params.unwrap_or(Value::Null));
            let names = self.names(&state, &place, local.clone());
            let frame = rpc.send.fill(&names).map_err(|unfilled| suite(unfilled.reason))?.unwrap_or(Value::Null);
            state.links[link].pending.push(Pending { id: number, place: place.clone(), local, save, keep, reply: None });
            (number, frame)
        };
        let answered = async {
            self.transmit(link, &place, Outgoing::of(frame), deadline).await?;
            let reply = self.until(deadline, |state| {
                let link = &state.links[link];
                let reply = link.pending.iter().find(|pending| pending.id == id).and_then(|pending| pending.reply.clone());
                reply.map(Ok).or_else(|| link.ending.clone().map(|ending| Err(Stop::Dead(ending))))
            });
            reply
                .await
                .unwrap_or_else(|| Err(late(&format!("no reply to `{method}`"), within, &self.setup.recorder, &place.session).into()))
        };
        let answer = answered.await;
        self.state().links[link].pending.retain(|pending| pending.id != id);
        answer
    }
}
