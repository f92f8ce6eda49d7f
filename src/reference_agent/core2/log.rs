//! The event log: one stream for each run, in memory or in Redis, with the same semantics.
//!
//! Owns: ids of entries and their order, reading after an id, waiting for more; the names of the streams.
//! Must not know: what an event means, HTTP.

use super::publisher::now;
use super::redis::Redis;
use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The log cannot be reached, in words.
pub type LogError = String;

/// An entry: its id, and the event as JSON.
pub type Entry = (String, String);

/// A stream is trimmed to about so many entries; a run that is still being read must not lose its beginning.
const MOST: &str = "100000";
/// How many entries are read at once.
const BATCH: usize = 200;

pub enum Log {
    Memory(Memory),
    /// Its URL's `host:port`.
    Redis(RedisLog),
}

/// Streams of this process.
#[derive(Default)]
pub struct Memory {
    streams: Mutex<HashMap<String, Vec<Entry>>>,
    news: Notify,
}

pub struct RedisLog {
    pub address: String,
    /// The one connection that writes.
    writer: tokio::sync::Mutex<Redis>,
}

/// The stream of a run.
pub fn key(run: &str) -> String {
    format!("codex:run:{run}:events")
}

/// An id as two numbers; `None` for what is no id.
pub fn parse(id: &str) -> Option<(u64, u64)> {
    let (time, number) = id.split_once('-').unwrap_or((id, "0"));
    Some((time.parse().ok()?, number.parse().ok()?))
}

impl Log {
    pub fn memory() -> Log {
        Log::Memory(Memory::default())
    }

    pub fn redis(address: &str) -> Log {
        Log::Redis(RedisLog { address: address.to_owned(), writer: tokio::sync::Mutex::new(Redis::new(address)) })
    }

    /// Fails if nobody could append now.
    pub async fn ping(&self) -> Result<(), LogError> {
        match self {
            Log::Memory(_) => Ok(()),
            Log::Redis(redis) => redis.writer.lock().await.ask(&["PING"]).await.map(drop),
        }
    }

    pub async fn append(&self, run: &str, event: String) -> Result<(), LogError> {
        match self {
            Log::Memory(memory) => {
                memory.append(run, event);
                Ok(())
            }
            Log::Redis(redis) => {
                let mut writer = redis.writer.lock().await;
                writer.ask(&["XADD", &key(run), "MAXLEN", "~", MOST, "*", "event", &event]).await.map(drop)
            }
        }
    }

    /// A reader of its own, with its own connection.
    pub fn reader(&self) -> Reader<'_> {
        match self {
            Log::Memory(memory) => Reader::Memory(memory),
            Log::Redis(redis) => Reader::Redis(Redis::new(&redis.address)),
        }
    }
}

pub enum Reader<'l> {
    Memory(&'l Memory),
    Redis(Redis),
}

impl Reader<'_> {
    /// Entries after an id (exclusive); waits at most so long for the first. None came: the list is empty.
    pub async fn after(&mut self, run: &str, id: &str, wait: Duration) -> Result<Vec<Entry>, LogError> {
        match self {
            Reader::Memory(memory) => Ok(memory.after(run, id, wait).await),
            Reader::Redis(redis) => {
                let wait = wait.as_millis().max(1).to_string();
                let reply = redis.ask(&["XREAD", "COUNT", &BATCH.to_string(), "BLOCK", &wait, "STREAMS", &key(run), id]).await?;
                Ok(super::redis::entries(&reply[0][1]))
            }
        }
    }
}

impl Memory {
    fn append(&self, run: &str, event: String) {
        let mut streams = self.streams.lock().expect("no panic happens under this lock");
        let stream = streams.entry(run.to_owned()).or_default();
        let last = stream.last().and_then(|(id, _)| parse(id)).unwrap_or_default();
        let time = now();
        let id = if time > last.0 { (time, 0) } else { (last.0, last.1 + 1) };
        stream.push((format!("{}-{}", id.0, id.1), event));
        drop(streams);
        self.news.notify_waiters();
    }

    async fn after(&self, run: &str, id: &str, wait: Duration) -> Vec<Entry> {
        let after = parse(id).unwrap_or((u64::MAX, u64::MAX));
        let end = Instant::now() + wait;
        loop {
            let news = self.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            let found = self.found(run, after);
            if !found.is_empty() || tokio::time::timeout_at(end, news).await.is_err() {
                return found;
            }
        }
    }

    fn found(&self, run: &str, after: (u64, u64)) -> Vec<Entry> {
        let streams = self.streams.lock().expect("no panic happens under this lock");
        let stream = streams.get(run).map(Vec::as_slice).unwrap_or_default();
        let from = stream.partition_point(|(id, _)| parse(id) <= Some(after));
        stream[from..].iter().take(BATCH).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(log: &Log, after: &str) -> Vec<Entry> {
        log.reader().after("r", after, Duration::from_millis(1)).await.unwrap()
    }

    #[tokio::test]
    async fn entries_come_in_order_after_an_id_and_not_at_it() {
        let log = Log::memory();
        for n in 0..5 {
            log.append("r", n.to_string()).await.unwrap();
        }
        log.append("other", "x".into()).await.unwrap();
        let all = read(&log, "0-0").await;
        assert_eq!(all.iter().map(|(_, event)| event.as_str()).collect::<Vec<_>>(), ["0", "1", "2", "3", "4"]);
        assert!(all.windows(2).all(|two| parse(&two[0].0) < parse(&two[1].0)), "{all:?}");
        assert_eq!(read(&log, &all[2].0).await, all[3..]);
        assert!(read(&log, &all[4].0).await.is_empty());
    }

    #[tokio::test]
    async fn what_is_no_id_has_nothing_after_it() {
        let log = Log::memory();
        log.append("r", "x".into()).await.unwrap();
        assert!(read(&log, "garbage").await.is_empty() && parse("7") == Some((7, 0)));
    }

    #[tokio::test]
    async fn a_reader_wakes_when_something_comes() {
        let log = Log::memory();
        let mut reader = log.reader();
        let waiting = reader.after("r", "0-0", Duration::from_secs(20));
        let (found, _) = tokio::join!(waiting, log.append("r", "x".into()));
        assert_eq!(found.unwrap().len(), 1);
    }
}
