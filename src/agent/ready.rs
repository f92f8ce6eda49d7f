//! When a launched agent can be spoken to.
//!
//! Owns: waiting for a line, a 2xx, or an open port; where the agent's URL comes from.
//! Must not know: time limits (the caller's), what is spoken afterwards.

use super::output::{Groups, Output};
use super::problem::problem;
use crate::model::agent::{Ready, ReadyHow};
use crate::model::trace::{Blame, Problem};
use std::sync::OnceLock;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// Between two tries; it grows from the first to the second.
const PAUSES: [Duration; 2] = [Duration::from_millis(5), Duration::from_millis(100)];
/// One try takes no longer.
const TRY: Duration = Duration::from_secs(5);

/// A port that somebody has takes connections at once; an address far away may answer nothing at all.
const FREE_LIMIT: Duration = Duration::from_millis(500);
/// What to do where the address of an agent is taken.
const ELSEWHERE: [&str; 3] = [
    "end it, or let the agent listen at `{{agent.port}}`, a free port: `url: \"http://127.0.0.1:{{agent.port}}\"`",
    "if the agent of another case has it: `scope: suite` shares one, and its cases run one after another",
    "to test what runs there already, leave `command` out",
];

/// What is known of an agent that is ready.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Address {
    pub url: Option<String>,
    /// Named groups of the line: `{{agent.<name>}}`.
    pub captures: Groups,
}

/// What is waited for. Made before the agent can print anything.
pub struct Sign<'a> {
    how: &'a ReadyHow,
    url: Option<&'a str>,
    line: Option<oneshot::Receiver<Groups>>,
}

impl<'a> Sign<'a> {
    pub fn new(ready: &'a Ready, url: Option<&'a str>, output: &Output) -> Sign<'a> {
        let line = match &ready.how {
            ReadyHow::Log(regex) => Some(output.find((*regex.regex).clone())),
            ReadyHow::Http(_) | ReadyHow::Connect => None,
        };
        Sign { how: &ready.how, url, line }
    }

    /// Waits without end until the agent is ready. The error is a mistake of the suite.
    pub async fn seen(self) -> Result<Address, String> {
        let url = self.url.map(str::to_owned);
        match self.how {
            ReadyHow::Log(_) => {
                let line = self.line.ok_or("a line is waited for twice")?;
                // An error says that the output was closed: no line will come, and the caller's limit tells.
                let Ok(captures) = line.await else { return std::future::pending().await };
                return Ok(Address { url: captures.get("url").cloned().or(url), captures });
            }
            ReadyHow::Http(path) => answers(self.url.ok_or("`ready: {http: …}` needs the agent's `url`")?, path).await?,
            ReadyHow::Connect => {
                if let Some(url) = self.url {
                    takes_connections(url).await?;
                }
            }
        }
        Ok(Address { url, captures: Groups::new() })
    }
}

/// What was waited for in vain, for the message.
pub fn missed(ready: &Ready, url: Option<&str>) -> String {
    let url = url.unwrap_or_default();
    match &ready.how {
        ReadyHow::Log(regex) => format!("no line of its output matched /{}/", regex.source),
        ReadyHow::Http(path) => format!("`{}{path}` never answered with 2xx", url.trim_end_matches('/')),
        ReadyHow::Connect => format!("`{url}` took no connection"),
    }
}

async fn answers(base: &str, path: &str) -> Result<(), String> {
    let mut url = reqwest::Url::parse(base).map_err(|error| format!("the agent's url `{base}` is none: {error}"))?;
    let scheme = if matches!(url.scheme(), "https" | "wss") { "https" } else { "http" };
    let plain = format!("{scheme}{}", &url.as_str()[url.scheme().len()..]);
    url = reqwest::Url::parse(plain.trim_end_matches('/')).map_err(|error| format!("the agent's url `{base}` is none: {error}"))?;
    let target = format!("{}/{}", url.as_str().trim_end_matches('/'), path.trim_start_matches('/'));
    let mut pause = PAUSES[0];
    loop {
        let reply = client().get(&target).timeout(TRY).send().await;
        if reply.is_ok_and(|reply| reply.status().is_success()) {
            return Ok(());
        }
        rest(&mut pause).await;
    }
}

/// The caller's proxy must not stand between checkride and an agent on this machine.
fn client() -> &'static reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    CLIENT.get_or_init(|| crate::base::client::builder().no_proxy().build().expect("the options are fixed and valid"))
}

async fn takes_connections(url: &str) -> Result<(), String> {
    let (host, port) = place(url)?;
    let mut pause = PAUSES[0];
    while !connects(&host, port).await {
        rest(&mut pause).await;
    }
    Ok(())
}

/// An error if somebody else listens already where a program that is not launched yet is to listen: it would be tested instead.
pub async fn is_free(url: &str, program: &str) -> Result<(), Problem> {
    let Ok((host, port)) = place(url) else { return Ok(()) };
    match tokio::time::timeout(FREE_LIMIT, TcpStream::connect((host.as_str(), port))).await {
        Ok(Ok(_)) => {
            let message = format!("something else already listens at {host}:{port}, where `{program}` is to listen");
            Err(problem(Blame::AgentStart, "agent-port-taken", message, ELSEWHERE.map(str::to_owned).to_vec()))
        }
        _ => Ok(()),
    }
}

/// Whether an agent at this URL takes a connection now. A URL that is none says nothing against it.
pub async fn takes_a_connection(url: &str) -> bool {
    match place(url) {
        Ok((host, port)) => connects(&host, port).await,
        Err(_) => true,
    }
}

async fn connects(host: &str, port: u16) -> bool {
    matches!(tokio::time::timeout(TRY, TcpStream::connect((host, port))).await, Ok(Ok(_)))
}

fn place(url: &str) -> Result<(String, u16), String> {
    let parsed = reqwest::Url::parse(url).map_err(|error| format!("the agent's url `{url}` is none: {error}"))?;
    let host = parsed.host_str().unwrap_or("127.0.0.1").trim_matches(['[', ']']).to_owned();
    let port = parsed.port_or_known_default().ok_or_else(|| format!("the agent's url `{url}` has no port"))?;
    Ok((host, port))
}

async fn rest(pause: &mut Duration) {
    tokio::time::sleep(*pause).await;
    *pause = (*pause * 2).min(PAUSES[1]);
}
