//! Input that nobody meant, and agents that nobody wants: one clear message or verdict each, nothing lost, no hang, nothing left
//! behind. Through the program and files only.
#![cfg(target_os = "linux")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod program;

#[path = "bad_input/agents.rs"]
mod agents;
#[path = "bad_input/fakes.rs"]
mod fakes;
#[path = "bad_input/frames.rs"]
mod frames;
#[path = "bad_input/interrupted.rs"]
mod interrupted;
#[path = "bad_input/leaks.rs"]
mod leaks;
#[path = "bad_input/loading.rs"]
mod loading;
#[path = "bad_input/one_word.rs"]
mod one_word;
#[path = "bad_input/secrets.rs"]
mod secrets;
#[path = "bad_input/served.rs"]
mod served;
#[path = "bad_input/serving.rs"]
mod serving;
