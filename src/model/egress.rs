//! Where the attempts of a launched agent to reach other hosts lead.
//!
//! Owns: patterns of hosts, which of several is meant.
//! Must not know: proxies, certificates, which fakes there are.

use crate::base::Span;
use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Egress {
    /// Attempts to reach other hosts are recorded and refused.
    Trap,
    Open,
    /// Some hosts lead somewhere; all others are recorded and refused.
    Map(Vec<EgressRoute>),
}

/// Where some hosts lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRoute {
    pub span: Span,
    pub hosts: HostPattern,
    pub to: EgressTarget,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EgressTarget {
    /// The fake of this name.
    Fake(String),
    /// Through, untouched.
    Allow,
}

impl Egress {
    /// Its routes; a trap has none.
    pub fn routes(&self) -> &[EgressRoute] {
        match self {
            Egress::Map(routes) => routes,
            Egress::Trap | Egress::Open => &[],
        }
    }
}

/// `api.openai.com`, `*.openai.com`, `*`, an address; each with or without `:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    names: Names,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Names {
    Exact(String),
    /// Every name that ends with this, which begins with a dot.
    Below(String),
    Any,
}

impl HostPattern {
    /// The error says what is wrong with it.
    pub fn parse(text: &str) -> Result<HostPattern, &'static str> {
        if text.contains("://") || text.contains(['/', '@', '?', '#']) {
            return Err("it is more than a host");
        }
        let (host, port) = split_port(text)?;
        if host == "*." {
            return Err("it is not the name of a host");
        }
        let host = plain_host(host);
        if is_loopback(&host) {
            return Err("no proxy is asked for this machine itself");
        }
        let names = match host.strip_prefix('*') {
            Some("") => Names::Any,
            Some(rest) if rest.starts_with('.') && is_name(&rest[1..]) => Names::Below(rest.to_owned()),
            None if host.parse::<IpAddr>().is_ok() || is_name(&host) => Names::Exact(host),
            _ => return Err("it is not the name of a host"),
        };
        Ok(HostPattern { names, port })
    }

    /// `host` as [`plain_host`] gives it.
    pub fn matches(&self, host: &str, port: u16) -> bool {
        let named = match &self.names {
            Names::Exact(name) => name == host,
            Names::Below(end) => host.len() > end.len() && host.ends_with(end.as_str()),
            Names::Any => true,
        };
        named && self.port.is_none_or(|own| own == port)
    }

    /// Of several patterns that match, the greatest is meant: a name before `*.…`, the longer before the shorter, one with a port
    /// before one without.
    pub fn rank(&self) -> impl Ord + use<> {
        let names = match &self.names {
            Names::Exact(_) => (2, 0),
            Names::Below(end) => (1, end.len()),
            Names::Any => (0, 0),
        };
        (names, self.port.is_some())
    }
}

impl std::fmt::Display for HostPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.names {
            Names::Exact(name) if name.contains(':') => write!(f, "[{name}]")?,
            Names::Exact(name) => f.write_str(name)?,
            Names::Below(end) => write!(f, "*{end}")?,
            Names::Any => f.write_str("*")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// In lower case and without the dot that ends a name.
pub fn plain_host(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()
}

fn split_port(text: &str) -> Result<(&str, Option<u16>), &'static str> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']').ok_or("the bracket is not closed")?;
            match after.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if after.is_empty() => (host, None),
                None => return Err("after the bracket comes `:port` or nothing"),
            }
        }
        None if text.matches(':').count() > 1 => (text, None),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    match port.map(str::parse) {
        None => Ok((host, None)),
        Some(Ok(0)) | Some(Err(_)) => Err("its port is not a number from 1 to 65535"),
        Some(Ok(port)) => Ok((host, Some(port))),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    address || host == "localhost" || host.ends_with(".localhost")
}

fn is_name(host: &str) -> bool {
    let label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, host: &str, port: u16) -> bool {
        HostPattern::parse(pattern).unwrap().matches(&plain_host(host), port)
    }

    #[test]
    fn a_name_is_itself_in_any_spelling_and_on_any_port() {
        assert!(check("API.openai.com", "api.OpenAI.com.", 443) && check("api.openai.com", "api.openai.com", 8443));
        assert!(!check("api.openai.com", "openai.com", 443) && !check("openai.com", "api.openai.com", 443));
    }

    #[test]
    fn a_port_leaves_the_others_out() {
        assert!(check("a.example:8443", "a.example", 8443) && !check("a.example:8443", "a.example", 443));
        assert!(check("[2001:db8::1]:443", "2001:db8::1", 443) && check("2001:db8::1", "2001:db8::1", 1));
    }

    #[test]
    fn a_star_is_every_name_below_but_not_the_name_itself() {
        assert!(check("*.openai.com", "api.openai.com", 443) && check("*.openai.com", "a.b.openai.com", 443));
        assert!(!check("*.openai.com", "openai.com", 443) && !check("*.openai.com", "evilopenai.com", 443));
        assert!(check("*", "any.example", 1));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for pattern in [
            "",
            "https://a.example",
            "a.example/v1",
            "u@a.example",
            "a.example:",
            "a.example:0",
            "a.example:99999",
            "a..b",
            "a.*.b",
            "*a",
            "*.",
            "a b",
            "[::2",
            "[::2]x",
            "localhost",
            "LOCALHOST:80",
            "x.localhost",
            "127.0.0.1",
            "127.9.9.9:80",
            "::1",
            "[::1]:443",
            "ä.example",
        ] {
            assert!(HostPattern::parse(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn the_nearest_pattern_is_meant() {
        let texts = ["*", "*:443", "*.openai.com", "*.api.openai.com", "a.api.openai.com", "a.api.openai.com:443"];
        let patterns: Vec<_> = texts.iter().map(|text| HostPattern::parse(text).unwrap()).collect();
        assert!(patterns.windows(2).all(|pair| pair[0].rank() < pair[1].rank()));
        assert_eq!(patterns.iter().map(ToString::to_string).collect::<Vec<_>>(), texts);
    }
}
