//! Sessions: each has its own history and carries out its turns one after another.
//!
//! Owns: the table of sessions, the order of turns.
//! Must not know: connections, what a turn does.

use super::faults::Fault;
use super::gateway::Outbox;
use super::turn::Agent;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What the user said, and where the answer goes.
struct Message {
    content: String,
    outbox: Outbox,
}

/// All sessions of the agent, whichever connections they are used over. A session lives as long as the agent does.
pub struct Sessions {
    agent: Arc<Agent>,
    queues: Mutex<HashMap<String, UnboundedSender<Message>>>,
}

impl Sessions {
    pub fn new(agent: Arc<Agent>) -> Sessions {
        Sessions { agent, queues: Mutex::default() }
    }

    /// Begins a turn, or lets it wait for the earlier turns of its session.
    pub fn submit(&self, key: String, content: String, outbox: Outbox) {
        let key = if Fault::MixSessions.is(self.agent.fault) { String::new() } else { key };
        *self.agent.spoke_last.lock().expect("no panic happens under this lock") = Some(outbox.clone());
        let mut queues = self.queues.lock().expect("no panic happens under this lock");
        let queue = queues.entry(key).or_insert_with(|| {
            let (queue, messages) = unbounded_channel();
            tokio::spawn(work(Arc::clone(&self.agent), messages));
            queue
        });
        // The worker ends with the runtime only, and then nobody waits for an answer.
        let _ = queue.send(Message { content, outbox });
    }
}

async fn work(agent: Arc<Agent>, mut messages: UnboundedReceiver<Message>) {
    let mut history = Vec::new();
    while let Some(message) = messages.recv().await {
        agent.turn(&mut history, &message.content, &message.outbox).await;
    }
}
