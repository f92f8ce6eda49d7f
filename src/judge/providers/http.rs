//! One request to a provider of models.
//!
//! Owns: paths and keys of the three wires, what each status means, that no key ever stands in a message.
//! Must not know: how often is tried, what a reply means.

use super::call::{Again, Call, Raw, Trouble, cut};
use super::{anthropic, chat, responses};
use crate::base::redact::Redactor;
use crate::judge::world::{address, key_variable};
use crate::model::judge::Provider;
use reqwest::header::HeaderMap;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// How a reply by schema is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Structured,
    /// A tool that must be called: for models that know no structured output.
    Tool,
}

/// A larger answer is no verdict.
const MAX_ANSWER: usize = 4 << 20;

/// The client of all calls. The caller's proxy is used, as its environment names it.
pub(super) fn client(environment: &BTreeMap<String, String>) -> Result<reqwest::Client, String> {
    let named = |names: [&str; 2]| names.iter().find_map(|name| environment.get(*name)).filter(|value| !value.is_empty());
    let mut builder = crate::base::client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy();
    if let Some(address) = named(["HTTPS_PROXY", "https_proxy"]) {
        // What is wrong with it is not told: it may hold a password.
        let proxy = reqwest::Proxy::all(address).map_err(|_| "HTTPS_PROXY is not the address of a proxy".to_owned())?;
        let except = named(["NO_PROXY", "no_proxy"]).and_then(|list| reqwest::NoProxy::from_string(list));
        builder = builder.proxy(proxy.no_proxy(except));
    }
    builder.build().map_err(|error| format!("no HTTP client can be made ({error})"))
}

/// Asks once.
pub(super) async fn ask(
    client: &reqwest::Client,
    provider: &Provider,
    environment: &BTreeMap<String, String>,
    call: &Call<'_>,
    form: Form,
) -> Result<Raw, Trouble> {
    let key_name = key_variable(provider).unwrap_or_default();
    let key = environment.get(key_name).map(|key| key.trim()).filter(|key| !key.is_empty());
    let Some(key) = key else { return Err(Trouble::last("judge-unavailable", format!("{key_name} is not set"))) };
    let address = address(provider, environment);
    let (url, body) = match provider {
        Provider::Anthropic(model) => (format!("{address}/v1/messages"), anthropic::body(model, call, form)),
        Provider::OpenAi(model) => (format!("{address}/responses"), responses::body(model, call, form)),
        Provider::Chat(model) => (format!("{address}/chat/completions"), chat::body(model, call, form)),
        Provider::Exec(_) | Provider::Fake(_) => return Err(Trouble::odd("an address")),
    };
    let request = match provider {
        Provider::Anthropic(_) => client.post(url).header("x-api-key", key).header("anthropic-version", "2023-06-01"),
        _ => client.post(url).bearer_auth(key),
    };
    let read = match provider {
        Provider::Anthropic(_) => anthropic::read,
        Provider::OpenAi(_) => responses::read,
        _ => chat::read,
    };
    let mut hidden = Redactor::default();
    hidden.add(key_name, key);
    let result = sent(request.json(&body)).await.and_then(|body| read(&body));
    result.map_err(|mut trouble| {
        // Hidden before it is cut: of a key at the cut its beginning would stay.
        hidden.text(&mut trouble.message);
        Trouble { message: cut(&trouble.message), ..trouble }
    })
}

/// The JSON of an answer of 2xx.
async fn sent(request: reqwest::RequestBuilder) -> Result<Value, Trouble> {
    // The address may hold a password, so it is never told.
    let broken = |error: reqwest::Error| {
        let message = format!("the judge's provider could not be reached: {}", causes(&error.without_url()));
        Trouble { code: "judge-unreachable", message, again: Again::Later(None) }
    };
    let mut answer = request.send().await.map_err(broken)?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(broken)? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_ANSWER {
            return Err(Trouble::odd("an end: the answer is larger than 4 MiB"));
        }
    }
    let body: Option<Value> = serde_json::from_slice(&bytes).ok();
    match (status, body) {
        (200..=299, Some(body)) => Ok(body),
        (200..=299, None) => Err(Trouble::odd("JSON")),
        (status, body) => Err(refused(status, &headers, body.unwrap_or_else(|| String::from_utf8_lossy(&bytes).into_owned().into()))),
    }
}

fn causes(error: &reqwest::Error) -> String {
    let mut out = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        out = format!("{out}: {inner}");
        cause = inner.source();
    }
    out
}

/// What a status of 300 or more means.
fn refused(status: u16, headers: &HeaderMap, body: Value) -> Trouble {
    let error = &body["error"];
    let said = error["message"].as_str().or_else(|| error.as_str()).or_else(|| body.as_str()).unwrap_or_default();
    let kinds = [&error["type"], &error["code"], &error["details"]["error_code"]];
    // These are limits that no waiting lifts.
    let is_final = kinds.iter().any(|kind| matches!(kind.as_str(), Some("insufficient_quota" | "enforced_spend_limit_reached")));
    let again = match status {
        _ if is_final => Again::No,
        400 => Again::OtherForm,
        408 | 409 | 429 | 500..=599 => Again::Later(retry_after(headers)),
        _ => Again::No,
    };
    let code = if status == 401 || status == 403 { "judge-unauthorized" } else { "judge-http" };
    let said = if said.is_empty() { String::new() } else { format!(": {said}") };
    Trouble { code, message: format!("the judge's provider answered {status}{said}"), again }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<f64>().ok().filter(|n| (0.0..1e6).contains(n));
    let millis = number("retry-after-ms").map(|millis| millis / 1000.0);
    millis.or_else(|| number("retry-after")).map(Duration::from_secs_f64)
}
