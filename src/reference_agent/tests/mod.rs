//! The agent against a scripted model over real sockets, spoken to by a real websocket client.

mod client;
mod faults;
mod gateway;
mod scripted;
mod turns;
