//! The interpreter against real sockets and real processes on loopback.

mod answers;
mod build;
mod conditions;
mod events;
mod exec;
mod functions;
mod lifecycle;
mod listening;
mod peer;
mod rpc;
mod server;
mod sessions;
mod stdio;
mod turns;
