//! Where a proxy request wants to go.
//!
//! Owns: reading its target.
//! Must not know: what becomes of it.

use crate::model::egress::plain_host;

/// Where a request wanted to go.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// In lower case, without brackets and without a last dot.
    pub host: String,
    pub port: u16,
    /// Not known behind a `CONNECT`. Begins with a slash.
    pub path: Option<String>,
    /// What a plain proxy can carry on: `http` and `ws`.
    pub plain: bool,
}

impl Wanted {
    /// `None` if this is no request to a proxy.
    pub fn of(method: &str, target: &str) -> Option<Wanted> {
        if method == "CONNECT" {
            let (host, port) = authority(target, None)?;
            return Some(Wanted { host, port, path: None, plain: false });
        }
        let (scheme, rest) = target.split_once("://")?;
        let (default, plain) = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => (80, true),
            "https" | "wss" => (443, false),
            "ftp" => (21, false),
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (host, port) = authority(&rest[..end], Some(default))?;
        let path = match &rest[end..] {
            "" => "/".to_owned(),
            path if path.starts_with('/') => path.to_owned(),
            query => format!("/{query}"),
        };
        Some(Wanted { host, port, path: Some(path), plain })
    }

    /// As a user would write it.
    pub fn place(&self) -> String {
        if self.host.contains(':') { format!("[{}]:{}", self.host, self.port) } else { format!("{}:{}", self.host, self.port) }
    }
}

/// Host and port.
fn authority(text: &str, default: Option<u16>) -> Option<(String, u16)> {
    let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().ok()?,
        None => default?,
    };
    (!host.is_empty()).then(|| (plain_host(host), port))
}
