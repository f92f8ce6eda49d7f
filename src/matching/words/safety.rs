//! `no_credentials` and `url_hosts`: what texts must not hold, wherever in a value they stand.
//!
//! Owns: their arguments, and how a credential is shown.
//! Must not know: the forms of credentials, how URLs are read.

use super::table::{Argument, Role, WordKind, fails, passes};
use crate::matching::tester::Tester;
use crate::matching::urls::{self, UrlHost};
use crate::matching::{Reader, credentials, describe, glob, texts};
use crate::model::pattern::Test;
use crate::model::tree::{Content, Node};
use serde_json::Value;
use std::sync::Arc;

pub(super) const NO_CREDENTIALS: WordKind = WordKind {
    name: "no_credentials",
    argument: "`true`, or `{allow: [texts]}`, where `*` stands for anything",
    doc: "No text in the value holds a credential of a known format: keys of AWS, GitHub, Anthropic, OpenAI, Google, Slack, Stripe, npm \
          and Hugging Face, web tokens, private keys, passwords in URLs. What holds `EXAMPLE` is none. \
          For secrets that a case plants there is the check `secrets`.",
    examples: &[
        passes("{no_credentials: true}", "\"Put your key, such as AKIAIOSFODNN7EXAMPLE, there.\""),
        passes("{no_credentials: {allow: [\"postgres://test:*\"]}}", "\"postgres://test:test@db\""),
        passes("{no_credentials: true}", "{\"a\": [1, \"x\"]}"),
        fails("{no_credentials: true}", "\"Your key is AKIAQRSTUVWXYZ234567.\""),
        fails("{no_credentials: true}", "{\"a\": [\"-----BEGIN RSA PRIVATE KEY-----\"]}"),
        fails("{no_credentials: {allow: [\"postgres://test:*\"]}}", "\"postgres://root:test@db\""),
        fails("{no_credentials: true}", "1"),
        fails("{no_credentials: true}", ""),
    ],
    role: Role::Test(read_credentials),
};

pub(super) const URL_HOSTS: WordKind = WordKind {
    name: "url_hosts",
    argument: "`{allow: [hosts]}`, `{deny: [hosts]}`, or both; a host is `docs.example`, or `*.docs.example` for all below it",
    doc: "Every URL in the texts of the value leads to an allowed host, and none to a denied one, read as a browser reads it; \
          links and images of Markdown and HTML too. Without a URL it holds.",
    examples: &[
        passes("{url_hosts: {allow: [docs.example]}}", "\"See https://docs.example/a and ![](https://docs.example/b.png).\""),
        passes("{url_hosts: {allow: [\"*.docs.example\"]}}", "\"https://en.docs.example\""),
        passes("{url_hosts: {deny: [evil.example]}}", "\"https://docs.example\""),
        passes("{url_hosts: {allow: [docs.example]}}", "\"no links\""),
        fails("{url_hosts: {allow: [docs.example]}}", "\"![](https://evil.example/l.png?d=secret)\""),
        fails("{url_hosts: {allow: [docs.example]}}", "\"https://docs.example@evil.example\""),
        fails("{url_hosts: {deny: [\"*.evil.example\"]}}", "{\"links\": [\"//x.evil.example\", \"https://a.evil.example\"]}"),
        fails("{url_hosts: {deny: [evil.example]}}", "1"),
        fails("{url_hosts: {deny: [evil.example]}}", ""),
    ],
    role: Role::Test(read_hosts),
};

fn read_credentials(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    const EXPECTED: &str = "`true`, or `{allow: [texts]}`";
    const HELP: &str = "write `no_credentials: true`; what is no credential here: `no_credentials: {allow: [\"ghp_test*\"]}`";
    let only_allow = || argument.node.entries().len() == 1;
    match (&argument.node.value, argument.node.get("allow").filter(|_| only_allow()).and_then(texts_of)) {
        (Content::Bool(true), _) => Some(Test::NoCredentials(vec![])),
        (_, Some(allow)) => Some(Test::NoCredentials(allow)),
        _ => reader.wrong_argument(argument, EXPECTED, HELP),
    }
}

fn read_hosts(reader: &mut Reader<'_>, argument: &Argument<'_>) -> Option<Test> {
    const EXPECTED: &str = "`{allow: [hosts]}`, `{deny: [hosts]}`, or both";
    const HELP: &str = "a host is a name or address alone, such as `docs.example`; `*.docs.example` is every host below it";
    let known = argument.node.entries().iter().all(|entry| matches!(&*entry.key, "allow" | "deny"));
    let hosts = |key: &str| match argument.node.get(key) {
        None => Some(None),
        Some(node) => texts_of(node)?.iter().map(|text| UrlHost::parse(text)).collect::<Option<Vec<_>>>().map(Some),
    };
    match (known, hosts("allow"), hosts("deny")) {
        (true, Some(allow), Some(deny)) if allow.is_some() || deny.is_some() => {
            let written = |hosts: Vec<UrlHost>| hosts.into_iter().map(|host| host.written).collect::<Vec<_>>();
            Some(Test::UrlHosts { allow: allow.map(written), deny: deny.map(written).unwrap_or_default() })
        }
        _ => reader.wrong_argument(argument, EXPECTED, HELP),
    }
}

/// A list of texts with something in it.
fn texts_of(node: &Arc<Node>) -> Option<Vec<String>> {
    let texts: Option<Vec<String>> =
        node.items().iter().map(|item| item.text().filter(|text| !text.is_empty()).map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty())
}

pub(super) fn no_credentials(tester: &mut Tester<'_>, test: &Test, allow: &[String], value: &Value) -> bool {
    if value.is_null() || !texts::may_hold(value) {
        return tester.fail(!value.is_null(), || describe::test(test), Some(value));
    }
    let allowed = |found: &str| allow.iter().any(|allowed| glob::matches(allowed, found));
    let mut found = None;
    texts::any(value, true, &mut |text| {
        found = credentials::find(text, &allowed).map(|credential| (credential.name, credentials::masked(text)));
        found.is_some()
    });
    match found {
        Some((name, shown)) => tester.fail(false, || format!("{}, and not {name}", describe::test(test)), Some(&Value::from(shown))),
        None => true,
    }
}

pub(super) fn url_hosts(tester: &mut Tester<'_>, test: &Test, allow: Option<&[String]>, deny: &[String], value: &Value) -> bool {
    if value.is_null() || !texts::may_hold(value) {
        return tester.fail(!value.is_null(), || describe::test(test), Some(value));
    }
    let one_of = |hosts: &[String], host: &str| hosts.iter().filter_map(|text| UrlHost::parse(text)).any(|known| known.matches(host));
    let mut wrong = None;
    texts::any(value, true, &mut |text| {
        wrong = urls::hosts(text).into_iter().find(|host| one_of(deny, host) || allow.is_some_and(|allow| !one_of(allow, host)));
        wrong.is_some()
    });
    match wrong {
        Some(host) => tester.fail(false, || format!("{}, and not `{host}`", describe::test(test)), Some(value)),
        None => true,
    }
}
