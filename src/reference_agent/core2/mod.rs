//! The reference agent as a Core 2.0 pipeline: submit, provider, event log, stream, store.
//!
//! | file | what |
//! |---|---|
//! | [`server`] | the HTTP surface: submit, stream, runs |
//! | [`submission`] | what may be submitted, and what is refused |
//! | [`run`] | the loop of one run: ask the provider, run the tools, ask again |
//! | [`provider`] | the three providers' requests and answers |
//! | [`adapter`] | from a provider's stream to items |
//! | [`publisher`] | events in their envelope, numbered and traced |
//! | [`log`] | the event log: in memory, or real Redis Streams |
//! | [`redis`] | one connection to redis |
//! | [`tools`] | the built-in executor |
//! | [`faults`] | deliberately broken variants |
//! | [`worker`] | projects snapshots of a run to the store |
//! | [`store`] | where the worker's snapshots are kept |
//! | [`threads`] | what was said before on a thread |

pub mod adapter;
pub mod faults;
pub mod log;
pub mod provider;
pub mod publisher;
pub mod redis;
pub mod run;
pub mod server;
pub mod store;
pub mod submission;
pub mod threads;
pub mod tools;
pub mod worker;
