//! The interpreter against real sockets and real processes on loopback.

mod build;
mod events;
mod exec;
mod lifecycle;
mod peer;
mod rpc;
mod sessions;
mod stdio;
mod turns;
