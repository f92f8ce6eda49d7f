//! Which host leads where.
//!
//! Owns: choosing among patterns, the target of a request below a fake's base URL.
//! Must not know: sockets, how a suite writes it.

use super::wanted::Wanted;
use crate::model::egress::HostPattern;

/// Some hosts, and where they lead.
#[derive(Clone, Debug)]
pub struct Route {
    pub hosts: HostPattern,
    pub to: Destination,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    Fake(FakeAddress),
    /// Through, untouched.
    Allow,
}

/// Where a fake is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FakeAddress {
    pub name: String,
    /// Host and port of the fakes' server.
    pub server: String,
    /// Of its base URL.
    pub path: String,
}

impl Destination {
    /// A fake with its base URL, such as `http://127.0.0.1:4711/case/llm`.
    pub fn fake(name: &str, url: &str) -> Destination {
        let rest = url.strip_prefix("http://").unwrap_or(url);
        let cut = rest.find('/').unwrap_or(rest.len());
        Destination::Fake(FakeAddress {
            name: name.to_owned(),
            server: rest[..cut].to_owned(),
            path: rest[cut..].trim_end_matches('/').to_owned(),
        })
    }
}

/// The destination of the nearest pattern.
pub fn find<'r>(routes: &'r [Route], wanted: &Wanted) -> Option<&'r Destination> {
    let matching = routes.iter().filter(|route| route.hosts.matches(&wanted.host, wanted.port));
    matching.max_by_key(|route| route.hosts.rank()).map(|route| &route.to)
}

impl FakeAddress {
    /// What a request for this target asks the fake's server for. A whole URL loses its host, a target that is no path gets a slash.
    pub fn below(&self, target: &str) -> String {
        let target = match target.split_once("://") {
            Some((_, rest)) => &rest[rest.find(['/', '?', '#']).unwrap_or(rest.len())..],
            None => target,
        };
        let slash = if target.starts_with('/') { "" } else { "/" };
        format!("{}{slash}{target}", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(hosts: &str, name: &str) -> Route {
        Route { hosts: HostPattern::parse(hosts).unwrap(), to: Destination::fake(name, &format!("http://127.0.0.1:1/c/{name}")) }
    }

    fn to(target: &str) -> Option<String> {
        let routes = [route("*.openai.com", "below"), route("api.openai.com:8443", "port"), route("api.openai.com", "exact")];
        match find(&routes, &Wanted::of("CONNECT", target).unwrap()) {
            Some(Destination::Fake(fake)) => Some(fake.name.clone()),
            _ => None,
        }
    }

    #[test]
    fn the_nearest_route_is_taken_whatever_the_order() {
        assert_eq!(to("api.openai.com:443").as_deref(), Some("exact"));
        assert_eq!(to("API.openai.com.:8443").as_deref(), Some("port"));
        assert_eq!(to("chat.openai.com:443").as_deref(), Some("below"));
        assert_eq!(to("openai.com:443"), None);
    }

    #[test]
    fn the_path_goes_below_the_base_url_as_it_is() {
        let Destination::Fake(fake) = Destination::fake("llm", "http://127.0.0.1:4711/0-a/llm") else { unreachable!() };
        assert_eq!((fake.server.as_str(), fake.path.as_str()), ("127.0.0.1:4711", "/0-a/llm"));
        assert_eq!(fake.below("/v1/responses?a=b%20c"), "/0-a/llm/v1/responses?a=b%20c");
        assert_eq!(fake.below("http://x.example/a/../b"), "/0-a/llm/a/../b");
        assert_eq!(fake.below("http://x.example"), "/0-a/llm/");
        assert_eq!(fake.below("http://x.example?q"), "/0-a/llm/?q");
        assert_eq!(fake.below("*"), "/0-a/llm/*");
    }
}
