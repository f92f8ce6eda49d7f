//! The URLs in a text, and the hosts that they really lead to.
//!
//! Owns: where a URL begins and ends in prose, Markdown, HTML and JSON; patterns of hosts.
//! Must not know: which hosts are wanted.

use regex::Regex;
use std::sync::OnceLock;
use url::Url;

/// A host, or every host below one (`*.example.com`), in the spelling of URLs: lower case, punycode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlHost {
    pub written: String,
    host: String,
    below: bool,
}

impl UrlHost {
    /// `None` if it is not a host.
    pub fn parse(text: &str) -> Option<UrlHost> {
        let (name, below) = text.strip_prefix("*.").map_or((text, false), |name| (name, true));
        let has_port = name.contains(':') && !(name.starts_with('[') && name.ends_with(']'));
        if name.is_empty() || name.contains(['/', '@', '?', '#', '*', '\\', ' ', '%']) || name.starts_with('.') || has_port {
            return None;
        }
        let url = Url::parse(&format!("http://{name}/")).ok()?;
        Some(UrlHost { written: text.to_owned(), host: url.host_str()?.trim_end_matches('.').to_owned(), below })
    }

    pub fn matches(&self, host: &str) -> bool {
        match self.below {
            true => host.strip_suffix(self.host.as_str()).is_some_and(|before| before.len() > 1 && before.ends_with('.')),
            false => host == self.host,
        }
    }
}

/// What ends a URL in prose, Markdown and HTML.
const CLOSES: &str = ">\"'`)]}|^’”»，、；：！？）】」』》";
/// What stands in no name of a host, but beside one: marks of prose, and the colon before a port.
const MARKS: &str = ",;:!*~({$&+=";

/// The hosts of all URLs in a text, as a browser would read each: `https://good.example@evil.example` leads to `evil.example`. With a
/// scheme; without one only where a link or an attribute begins (`](//evil.example/x`, `src="//evil.example"`). What cannot be the name
/// of a host is told as it is written, so that nothing is passed over.
pub fn hosts(text: &str) -> Vec<String> {
    static BEGIN: OnceLock<Regex> = OnceLock::new();
    // In JSON a slash may be written `\/`, which a browser reads as two. No word needs to end before a scheme: many scripts have no spaces.
    const SOURCE: &str = r#"(?i-u:https?|wss?|ftp):[/\\]+|(?i-u:[a-z][a-z0-9+.-]*):\\?/\\?/|[("'=]\s*[/\\]{2,}"#;
    let begin = BEGIN.get_or_init(|| Regex::new(SOURCE).expect("it is well-formed"));
    let (mut hosts, mut from) = (Vec::new(), 0);
    while let Some(found) = begin.find_at(text, from) {
        // In an attribute in single quotes a double one ends nothing.
        let single = found.as_str().starts_with('\'') || text[..found.start()].trim_end().ends_with('\'');
        let (written, rest) = authority(&text[found.end()..], |c| c == '<' || (c == '"' && !single));
        hosts.extend(host(found.as_str(), written));
        from = text.len() - after_path(rest).len();
    }
    hosts
}

/// The host at the beginning of a text that goes on after the slashes of a URL, and what follows the host. `ends` says what ends
/// the URL in any case.
fn authority(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    let whole = until(text, |c| c.is_whitespace() || ends(c) || "/\\?#".contains(c));
    // Whatever stands before an `@` is a login: a browser reads `https://good.example'@evil.example` so.
    let login = whole.rfind('@').map_or(0, |at| at + 1);
    let rest = &whole[login..];
    let address = rest.starts_with('[').then(|| rest.find(']')).flatten();
    let name = match address {
        Some(close) => &rest[..=close],
        None => until(rest, |c| CLOSES.contains(c) || MARKS.contains(c)).trim_end_matches(|c: char| !c.is_alphanumeric()),
    };
    // A placeholder for a host, such as `{host}`, is none that anybody allowed.
    let written = if name.is_empty() { until(rest, |c| CLOSES.contains(c)) } else { name };
    (written, &text[login + written.len()..])
}

/// What follows the port, path and query of a URL: a URL in them is where the host may lead, and not where a browser goes.
fn after_path(rest: &str) -> &str {
    let path = rest.trim_start_matches(|c: char| matches!(c, '.' | ':') || c.is_ascii_digit());
    if !path.starts_with(['/', '\\', '?', '#']) {
        return rest;
    }
    &path[until(path, |c| c.is_whitespace() || c == '<' || CLOSES.contains(c)).len()..]
}

fn until(text: &str, end: impl Fn(char) -> bool) -> &str {
    &text[..text.find(end).unwrap_or(text.len())]
}

fn host(begin: &str, written: &str) -> Option<String> {
    let is_file = begin.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:"));
    let is_drive = written.len() == 1 && written.as_bytes()[0].is_ascii_alphabetic();
    if !written.contains(char::is_alphanumeric) || (is_file && (is_drive || written.eq_ignore_ascii_case("localhost"))) {
        return None;
    }
    let url = Url::parse(&format!("http://{written}/")).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or(written);
    Some(host.trim_end_matches('.').to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(hosts(text), expected, "{text}");
    }

    #[test]
    fn urls_are_found_in_prose_markdown_html_and_json() {
        check("See https://a.example/x, or (http://b.example).", &["a.example", "b.example"]);
        check("![logo](https://a.example/l.png?d=1) [here](//b.example/x)", &["a.example", "b.example"]);
        check("<img src=\"//a.example/x\"> <a href='HTTPS://B.example'>", &["a.example", "b.example"]);
        check(r#"{"u": "https:\/\/a.example\/x"}"#, &["a.example"]);
        check("postgres://u:p@a.example:5432/db ws://b.example", &["a.example", "b.example"]);
        check("no // url here, and http: neither; a/b//c", &[]);
    }

    #[test]
    fn a_url_leads_where_a_browser_goes() {
        check("https://good.example@evil.example/x", &["evil.example"]);
        check("https://good.example%40evil.example https://good.example／x", &["good.example%40evil.example", "good.example／x"]);
        check("https://ev%69l.example", &["evil.example"]);
        check("https://evil.example\\@good.example/", &["evil.example"]);
        check("https://bücher.example https://xn--bcher-kva.example", &["xn--bcher-kva.example", "xn--bcher-kva.example"]);
        check("https://evil.example./x http:/evil.example http://0x7f.1/", &["evil.example", "evil.example", "127.0.0.1"]);
        check("https://good.example.evil.example", &["good.example.evil.example"]);
    }

    #[test]
    fn a_url_needs_no_word_to_end_before_it() {
        check("详见https://evil.example/?d=KEY", &["evil.example"]);
        check("_https://evil.example/x_ 1https://b.example x1postgres://u:p@c.example", &["evil.example", "b.example", "c.example"]);
        check(r#"postgres:\/\/u:p@a.example src="///b.example""#, &["a.example", "b.example"]);
    }

    #[test]
    fn marks_after_a_host_are_none_of_it() {
        check("see https://evil.example:443, then https://evil.example, and", &["evil.example", "evil.example"]);
        check("**https://a.example** ~~https://a.example~~ _https://a.example_ https://a.example!", &["a.example"; 4]);
        check("https://a.example:8080. https://a.example:port/x https://a.example… “https://a.example”.", &["a.example"; 4]);
        check(
            "请看https://a.example，然后 https://a.example。 https://a.example,https://b.example",
            &["a.example", "a.example", "a.example", "b.example"],
        );
        check("https://[2001:db8::1]:80/x, [https://a.example]", &["[2001:db8::1]", "a.example"]);
        check("https://, `https://` https://... file:///etc file://C:/x file://localhost/x", &[]);
    }

    #[test]
    fn a_mark_before_a_login_ends_nothing() {
        check("<img src=\"https://good.example'@evil.example/?d=1\">", &["evil.example"]);
        check("<img src='https://good.example\"@evil.example/?d=1'>", &["evil.example"]);
        for mark in [")", "]", "}", "|", "`", ">", ",", ";", "(", "^", ")x)", "'x"] {
            check(&format!("src=\"https://good.example{mark}@evil.example\""), &["evil.example"]);
        }
        check("'https://a.example', 'ana@b.example' {\"u\":\"https://a.example\",\"m\":\"ana@b.example\"}", &["a.example"; 2]);
        check("[x](https://a.example) ana@b.example [x](https://a.example/)@b.example", &["a.example"; 2]);
    }

    #[test]
    fn what_cannot_be_a_host_is_told_as_it_is_written() {
        check("https://{host}/x https://[1::/", &["{host", "[1"]);
        check("https://a b.example", &["a"]);
    }

    #[test]
    fn a_url_in_a_query_is_not_where_a_browser_goes() {
        check("https://a.example:80/?next=https://b.example <https://a.example/https://b.example>", &["a.example"; 2]);
    }

    #[test]
    fn a_pattern_is_a_host_or_all_below_it() {
        let matches = |pattern: &str, host: &str| UrlHost::parse(pattern).unwrap().matches(host);
        assert!(matches("Docs.example", "docs.example") && !matches("docs.example", "a.docs.example"));
        assert!(matches("*.docs.example", "a.b.docs.example") && !matches("*.docs.example", "docs.example"));
        assert!(!matches("*.docs.example", "evildocs.example") && !matches("docs.example", "evildocs.example"));
        assert!(matches("bücher.example", "xn--bcher-kva.example") && matches("127.0.0.1", "127.0.0.1"));
        for pattern in ["", ".docs.example", "https://a.example", "a.example/x", "a.example:80", "u@a.example", "*", "a b", "*.*.a"] {
            assert_eq!(UrlHost::parse(pattern), None, "{pattern}");
        }
    }
}
