//! The shipped protocol `openclaw-gateway`: what it makes of the frames of real gateways, and what becomes of bad ones.

#[path = "gateway/agents.rs"]
mod agents;
#[path = "gateway/bad_servers.rs"]
mod bad_servers;
mod conversing;
#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;
#[path = "gateway/recordings.rs"]
mod recordings;
#[path = "gateway/replay.rs"]
mod replay;
