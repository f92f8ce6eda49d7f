//! One connection to redis: a command, its reply, the next command.
//!
//! Owns: the connection, opened when it is needed and again after it broke.
//! Must not know: which commands, streams.

use crate::wire::resp::{self, Reply};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A server that does not take a connection within this time is not there.
const CONNECT: Duration = Duration::from_secs(1);
/// No command here blocks longer.
const REPLY: Duration = Duration::from_secs(30);

pub struct Redis {
    address: String,
    stream: Option<TcpStream>,
}

/// `host:port` of a URL such as `redis://127.0.0.1:6379/0`.
pub fn address(url: &str) -> Result<String, String> {
    let rest = url.strip_prefix("redis://").ok_or_else(|| format!("--redis is no URL like redis://127.0.0.1:6379: {url}"))?;
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    match host {
        "" => Err(format!("--redis names no host: {url}")),
        host if host.contains(':') => Ok(host.to_owned()),
        host => Ok(format!("{host}:6379")),
    }
}

/// The entries of a stream, as `XREAD` and `XRANGE` list them.
pub fn entries(list: &Value) -> Vec<(String, String)> {
    let entry = |entry: &Value| {
        let fields = entry[1].as_array()?;
        let at = fields.iter().step_by(2).position(|name| name == "event")?;
        Some((entry[0].as_str()?.to_owned(), fields.get(at * 2 + 1)?.as_str()?.to_owned()))
    };
    list.as_array().into_iter().flatten().filter_map(entry).collect()
}

impl Redis {
    pub fn new(address: &str) -> Redis {
        Redis { address: address.to_owned(), stream: None }
    }

    /// One command. A connection that was kept and is gone is opened once more.
    pub async fn ask(&mut self, words: &[&str]) -> Result<Value, String> {
        let kept = self.stream.is_some();
        match self.exchange(words).await {
            Err(_) if kept && self.stream.is_none() => self.exchange(words).await,
            reply => reply,
        }
    }

    /// The connection is kept only after a whole reply, so a command that was given up leaves nothing behind.
    async fn exchange(&mut self, words: &[&str]) -> Result<Value, String> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.address).await?,
        };
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        let reply = tokio::time::timeout(REPLY, speak(&mut stream, &words)).await;
        let reply = reply.map_err(|_| format!("redis at {} did not answer", self.address))??;
        self.stream = Some(stream);
        match reply {
            Reply::Value(value) => Ok(value),
            Reply::Error(error) => Err(format!("redis answered with an error: {error}")),
        }
    }
}

async fn connect(address: &str) -> Result<TcpStream, String> {
    let stream = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await;
    let stream = stream.map_err(|_| format!("redis at {address} takes no connection"))?;
    let stream = stream.map_err(|e| format!("redis at {address} cannot be reached: {e}"))?;
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

async fn speak(stream: &mut TcpStream, words: &[String]) -> Result<Reply, String> {
    let gone = |error: std::io::Error| format!("the connection to redis broke: {error}");
    stream.write_all(&resp::command(words)).await.map_err(gone)?;
    let mut bytes = Vec::new();
    // A long reply is looked at when there is twice as much of it, or when it may be whole.
    let mut due = 0;
    loop {
        if stream.read_buf(&mut bytes).await.map_err(gone)? == 0 {
            return Err("the connection to redis was closed".to_owned());
        }
        if bytes.len() >= due || bytes.ends_with(b"\r\n") {
            due = bytes.len() * 2;
            if let Some(reply) = resp::reply(&bytes).map_err(|why| format!("what came is no reply of redis: {why}"))? {
                return Ok(reply);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_url_names_host_and_port() {
        assert_eq!(address("redis://127.0.0.1:1"), Ok("127.0.0.1:1".to_owned()));
        assert_eq!(address("redis://user:secret@cache/0"), Ok("cache:6379".to_owned()));
        assert!(address("127.0.0.1:1").is_err() && address("redis://").is_err());
    }

    #[test]
    fn entries_are_their_ids_and_events() {
        let list = json!([["1-0", ["event", "{}"]], ["2-0", ["other", "x"]], ["3-0", ["x", "y", "event", "z"]]]);
        assert_eq!(entries(&list), [("1-0".to_owned(), "{}".to_owned()), ("3-0".to_owned(), "z".to_owned())]);
        assert!(entries(&Value::Null).is_empty());
    }

    #[tokio::test]
    async fn nobody_there_is_an_error_at_once() {
        assert!(Redis::new("127.0.0.1:1").ask(&["PING"]).await.unwrap_err().contains("cannot be reached"));
    }
}
