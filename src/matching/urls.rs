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

/// The hosts of all URLs in a text, as a browser would read each: `https://good.example@evil.example` leads to `evil.example`. With a
/// scheme; without one only where a link or an attribute begins (`](//evil.example/x`, `src="//evil.example"`).
pub fn hosts(text: &str) -> Vec<String> {
    static URL: OnceLock<Regex> = OnceLock::new();
    const SOURCE: &str = r#"(?i)\b(?:https?|wss?|ftp):[/\\]+[^\s<>"'`)\]}|^]+|\b[a-z][a-z0-9+.-]*://[^\s<>"'`)\]}|^\\]+|[("'=]\s*[/\\]{2}[^\s<>"'`)\]}|^/\\][^\s<>"'`)\]}|^]*"#;
    let regex = URL.get_or_init(|| Regex::new(SOURCE).expect("it is well-formed"));
    regex.find_iter(text).filter_map(|found| host(found.as_str())).collect()
}

fn host(found: &str) -> Option<String> {
    let relative = found.trim_start_matches(['(', '"', '\'', '=']).trim_start();
    let whole = if relative.starts_with(['/', '\\']) { format!("https:{relative}") } else { relative.to_owned() };
    // In JSON a slash may be written `\/`, which a browser reads as two.
    let url = Url::parse(&whole.replace("\\/", "/")).ok()?;
    let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty()).then_some(host)
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
        check("https://good.example%40evil.example", &[]);
        check("https://ev%69l.example", &["evil.example"]);
        check("https://evil.example\\@good.example/", &["evil.example"]);
        check("https://bücher.example https://xn--bcher-kva.example", &["xn--bcher-kva.example", "xn--bcher-kva.example"]);
        check("https://evil.example./x http:/evil.example http://0x7f.1/", &["evil.example", "evil.example", "127.0.0.1"]);
        check("https://good.example.evil.example", &["good.example.evil.example"]);
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
