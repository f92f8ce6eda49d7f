//! A redis server: how it is started, and how it is asked.
//!
//! Owns: its arguments, one command on a connection of its own.
//! Must not know: its process, whose fake it is, what the answers mean.

use crate::base::duration;
use crate::wire::resp::{self, Reply};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A reply is read up to here.
const LARGEST: usize = 64 * 1024 * 1024;
const PIECE: usize = 16 * 1024;

/// The command line. What was written is kept in an append-only file, so that a server that was stopped comes back with what it held;
/// nothing else is ever saved, and no process is forked.
pub fn argv(program: &str, port: u16, folder: &Path) -> Vec<String> {
    let port = port.to_string();
    let folder = folder.to_string_lossy();
    let arguments = [
        ("--port", port.as_str()),
        ("--bind", "127.0.0.1"),
        ("--dir", &folder),
        ("--daemonize", "no"),
        ("--save", ""),
        ("--appendonly", "yes"),
        // What was written is with the kernel at once and outlives the process; it need not outlive the machine.
        ("--appendfsync", "no"),
        ("--auto-aof-rewrite-percentage", "0"),
        // It looks this often whether it shall end.
        ("--hz", "100"),
    ];
    let words = arguments.into_iter().flat_map(|(name, value)| [name.to_owned(), value.to_owned()]);
    std::iter::once(program.to_owned()).chain(words).collect()
}

/// Why a command got no reply.
#[derive(Clone, Debug, PartialEq)]
pub enum NoReply {
    /// Nobody is there, or it went away in the middle.
    Gone(String),
    TimedOut(String),
    /// What came is no reply.
    Broken(String),
}

impl std::fmt::Display for NoReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NoReply::Gone(why) | NoReply::TimedOut(why) | NoReply::Broken(why) => f.write_str(why),
        }
    }
}

/// One command, on a connection of its own.
pub async fn ask(port: u16, words: &[String], within: Duration) -> Result<Reply, NoReply> {
    match tokio::time::timeout(within, exchange(port, words)).await {
        Ok(reply) => reply,
        Err(_) => Err(NoReply::TimedOut(format!("no reply came within {}", duration::show(within)))),
    }
}

async fn exchange(port: u16, words: &[String]) -> Result<Reply, NoReply> {
    let gone = |error: std::io::Error| NoReply::Gone(error.to_string());
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.map_err(gone)?;
    stream.write_all(&resp::command(words)).await.map_err(gone)?;
    let mut bytes = Vec::new();
    // A reply is looked at when there is twice as much of it, so that a large one is not read again for each piece.
    let mut due = 0;
    loop {
        bytes.reserve(PIECE);
        match stream.read_buf(&mut bytes).await.map_err(gone)? {
            0 => return Err(NoReply::Gone("the connection was closed before there was a reply".to_owned())),
            _ if bytes.len() > LARGEST => return Err(NoReply::Broken(format!("the reply is larger than {} MiB", LARGEST >> 20))),
            _ => {}
        }
        if bytes.len() >= due || bytes.ends_with(b"\r\n") {
            due = bytes.len() * 2;
            if let Some(reply) = resp::reply(&bytes).map_err(|why| NoReply::Broken(format!("what came is no reply of redis: {why}")))? {
                return Ok(reply);
            }
        }
    }
}
