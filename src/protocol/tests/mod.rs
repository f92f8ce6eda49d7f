//! The interpreter against real sockets and real processes on loopback.

mod build;
mod events;
mod exec;
mod functions;
mod lifecycle;
mod peer;
mod rpc;
mod sessions;
mod turns;
