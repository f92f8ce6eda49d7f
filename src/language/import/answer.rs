//! `response`: what a fixture answers, as the parts of a reply, and how that is disturbed.
//!
//! Owns: what each key of `response` and each setting beside it is in a reply; which cannot be said.
//! Must not know: which requests get it, order.

use serde_json::{Map, Value, json};

/// How many characters aimock puts into a piece if nothing else is said.
pub const PIECE: u64 = 20;

/// Keys beside `match` and `response` that are carried out here or by the whole script, or change nothing.
const SETTINGS: [&str; 10] = [
    "match",
    "response",
    "latency",
    "chunkSize",
    "truncateAfterChunks",
    "disconnectAfterMs",
    "chaos",
    "metadata",
    "recordedTimings",
    "streamingProfile",
];

/// Answers that are no words of a model.
const OTHERS: [(&str, &str); 9] = [
    ("embedding", "an embedding"),
    ("image", "an image"),
    ("images", "images"),
    ("audio", "sound"),
    ("transcription", "a transcription"),
    ("video", "a video"),
    ("json", "an answer of another service"),
    ("live", "a live session"),
    ("previews", "a voice"),
];

/// The parts of the reply to a fixture. The error is why it cannot be imported; `notes` name what is left out of it.
pub fn read(fixture: &Value, notes: &mut Vec<String>) -> Result<Vec<Value>, String> {
    let Some(response) = fixture["response"].as_object() else { return Err("it has no `response`".to_owned()) };
    for key in fixture.as_object().into_iter().flat_map(Map::keys).filter(|key| !SETTINGS.contains(&key.as_str())) {
        notes.push(format!("`{key}` is left out"));
    }
    let mut parts = before(fixture, notes);
    if let Some(instead) = chaos(&fixture["chaos"], &mut parts, notes) {
        parts.push(instead);
        return Ok(parts);
    }
    if let Some(error) = response.get("error").filter(|error| error.is_object()) {
        parts.push(http_error(error, response, notes)?);
        return Ok(parts);
    }
    if let Some((_, what)) = OTHERS.iter().find(|(key, _)| response.contains_key(*key)) {
        return Err(format!("its response is {what}; a script serves conversations"));
    }
    parts.extend(spoken(response, notes)?);
    cut(fixture, response, &mut parts, notes)?;
    Ok(parts)
}

/// What is said, then how it ends.
fn spoken(response: &Map<String, Value>, notes: &mut Vec<String>) -> Result<Vec<Value>, String> {
    const KNOWN: [&str; 9] =
        ["content", "toolCalls", "blocks", "reasoning", "reasoningSignature", "redactedThinking", "finishReason", "usage", "role"];
    let mut parts = Vec::new();
    for redacted in response.get("redactedThinking").and_then(Value::as_array).into_iter().flatten() {
        parts.push(json!({"reasoning": {"hidden": true, "encrypted": redacted}}));
    }
    match response.get("reasoning").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        Some(text) => {
            let signature = response.get("reasoningSignature").filter(|signature| signature.is_string());
            parts
                .push(signature.map_or_else(|| json!({"reasoning": text}), |signature| json!({"reasoning": text, "signature": signature})));
        }
        None if response.contains_key("reasoningSignature") => {
            notes.push("`reasoningSignature` without `reasoning` is left out".to_owned())
        }
        None => {}
    }
    let blocks = response.get("blocks").and_then(Value::as_array).filter(|blocks| !blocks.is_empty());
    let said = match blocks {
        Some(blocks) => blocks.iter().map(block).collect::<Result<Vec<_>, _>>()?,
        None => text_then_calls(response)?,
    };
    parts.extend(said);
    if let Some(usage) = response.get("usage") {
        parts.push(json!({"usage": tokens(usage)}));
    }
    if let Some(reason) = response.get("finishReason").filter(|reason| reason.is_string()) {
        parts.push(json!({"stop": reason}));
    }
    for key in response.keys().filter(|key| !KNOWN.contains(&key.as_str())) {
        notes.push(format!("`response.{key}` is left out: a script makes it up"));
    }
    Ok(parts)
}

fn text_then_calls(response: &Map<String, Value>) -> Result<Vec<Value>, String> {
    let mut parts = Vec::new();
    match response.get("content") {
        Some(Value::String(text)) => parts.push(json!({"text": text})),
        Some(value @ (Value::Object(_) | Value::Array(_))) => parts.push(json!({"text": value.to_string()})),
        Some(Value::Null) | None => {}
        Some(_) => return Err("`response.content` is neither a text nor a mapping".to_owned()),
    }
    match response.get("toolCalls") {
        Some(Value::Array(calls)) => parts.extend(calls.iter().map(call).collect::<Result<Vec<_>, _>>()?),
        Some(_) => return Err("`response.toolCalls` is no list".to_owned()),
        None if parts.is_empty() => return Err("its response has no `content`, `toolCalls`, `blocks` or `error`".to_owned()),
        None => {}
    }
    Ok(parts)
}

fn block(block: &Value) -> Result<Value, String> {
    match (block["type"].as_str(), block["text"].as_str()) {
        (Some("text"), Some(text)) => Ok(json!({"text": text})),
        (Some("toolCall"), _) => call(block),
        _ => Err(format!("one of `response.blocks` is neither a text nor a call: {block}")),
    }
}

/// Arguments that are written as this program writes them are a mapping; others are sent as they are.
fn call(call: &Value) -> Result<Value, String> {
    let Some(name) = call["name"].as_str() else { return Err(format!("a call has no `name`: {call}")) };
    let args = match &call["arguments"] {
        Value::String(text) => serde_json::from_str(text)
            .ok()
            .filter(|args: &Value| args.is_object() && args.to_string().as_str() == text.as_str())
            .unwrap_or_else(|| json!(text)),
        args @ Value::Object(_) => args.clone(),
        Value::Null => json!(""),
        other => json!(other.to_string()),
    };
    let mut part = json!({"name": name, "args": args});
    if let Some(id) = call["id"].as_str() {
        part["id"] = json!(id);
    }
    Ok(json!({"tool_call": part}))
}

/// Token counts, in whichever provider's words.
fn tokens(usage: &Value) -> Value {
    let first = |paths: &[&str]| paths.iter().find_map(|path| usage.pointer(path)?.as_u64());
    let counts = [
        ("input", first(&["/prompt_tokens", "/input_tokens", "/promptTokenCount"])),
        ("output", first(&["/completion_tokens", "/output_tokens", "/candidatesTokenCount"])),
        ("cached", first(&["/prompt_tokens_details/cached_tokens", "/input_tokens_details/cached_tokens", "/cache_read_input_tokens"])),
        ("reasoning", first(&["/completion_tokens_details/reasoning_tokens", "/output_tokens_details/reasoning_tokens"])),
    ];
    Value::Object(counts.into_iter().filter_map(|(name, count)| Some((name.to_owned(), json!(count?)))).collect())
}

/// The body is the one that aimock sends to clients of OpenAI.
fn http_error(error: &Value, response: &Map<String, Value>, notes: &mut Vec<String>) -> Result<Value, String> {
    let status = response.get("status").map_or(Some(500), Value::as_u64).unwrap_or_default();
    if !(200..600).contains(&status) {
        return Err(format!("the status {} is none of HTTP", response["status"]));
    }
    let or = |key: &str, otherwise: Value| error.get(key).filter(|value| !value.is_null()).cloned().unwrap_or(otherwise);
    let body = json!({"error": {
        "message": or("message", json!("")), "type": or("type", json!("server_error")), "param": or("param", Value::Null), "code": or("code", Value::Null),
    }});
    let mut http = json!({"status": status, "body": body});
    let seconds = response.get("retryAfter").map_or(Some(1), Value::as_u64);
    match (status, seconds) {
        (429, Some(seconds)) => http["retry_after"] = json!(format!("{seconds}s")),
        (429, None) => notes.push("`response.retryAfter` is no whole number and is left out".to_owned()),
        _ => {}
    }
    for key in response.keys().filter(|key| !["error", "status", "retryAfter"].contains(&key.as_str())) {
        notes.push(format!("`response.{key}` is left out"));
    }
    Ok(json!({"http": http}))
}

/// What passes before the answer.
fn before(fixture: &Value, notes: &mut Vec<String>) -> Vec<Value> {
    let speed = fixture["replaySpeed"].as_f64().filter(|speed| *speed > 0.0).unwrap_or(1.0);
    let profile = fixture["streamingProfile"]["ttft"].as_f64();
    let wait = profile.or(fixture["recordedTimings"]["ttftMs"].as_f64()).map_or(0.0, |ms| (ms / speed).round());
    let others = [
        ("/streamingProfile/tps", "`streamingProfile.tps`"),
        ("/streamingProfile/jitter", "`streamingProfile.jitter`"),
        ("/recordedTimings/interChunkDelaysMs", "`recordedTimings.interChunkDelaysMs`"),
    ];
    for (path, name) in others {
        if fixture.pointer(path).is_some() {
            notes.push(format!("{name} is left out: only the time before the first piece is kept; `wire: {{gap: 20ms}}` spreads a reply"));
        }
    }
    if wait > 0.0 { vec![json!({"delay": format!("{wait}ms")})] } else { Vec::new() }
}

/// What certainly happens instead of the answer; what happens sometimes is left out, since a script does the same each time.
fn chaos(chaos: &Value, parts: &mut Vec<Value>, notes: &mut Vec<String>) -> Option<Value> {
    let error = |status: u16, message: &str, kind: &str, code: &str| {
        let body = json!({"error": {"message": message, "type": kind, "code": code}});
        let mut http = json!({"status": status, "body": body});
        if status == 429 {
            http["retry_after"] = json!("1s");
        }
        json!({"http": http})
    };
    if let Some(ms) = chaos["latencyMs"].as_u64().filter(|ms| *ms > 0) {
        parts.insert(0, json!({"delay": format!("{ms}ms")}));
    }
    for rate in ["dropRate", "malformedRate", "rateLimitRate", "disconnectRate"] {
        match chaos[rate].as_f64() {
            Some(certain) if certain >= 1.0 => {
                return Some(match rate {
                    "dropRate" => error(500, "Chaos: request dropped", "server_error", "chaos_drop"),
                    "malformedRate" => {
                        json!({"http": {"status": 200, "headers": {"content-type": "application/json"}, "body": "{malformed json: <<<chaos>>>"}})
                    }
                    "rateLimitRate" => error(429, "Chaos: rate limit exceeded", "rate_limit_error", "chaos_ratelimit"),
                    _ => json!({"abort": "fin"}),
                });
            }
            Some(rate_of) if rate_of > 0.0 => {
                notes.push(format!("`chaos.{rate}` is left out: it is left to chance ({rate_of}), and a script does the same each time"))
            }
            _ => {}
        }
    }
    None
}

/// Where the stream is broken off, counted as on chat completions: the first piece is the role alone, and the last one never
/// arrives, since aimock ends the connection in the same breath (measured, 1.43.0).
fn cut(fixture: &Value, response: &Map<String, Value>, parts: &mut Vec<Value>, notes: &mut Vec<String>) -> Result<(), String> {
    let pieces = fixture["truncateAfterChunks"].as_u64();
    let latency = fixture["latency"].as_u64().unwrap_or(0);
    let by_time = match fixture["disconnectAfterMs"].as_u64() {
        Some(ms) if latency > 0 => Some(ms / latency),
        Some(_) => {
            notes.push("`disconnectAfterMs` is left out: without `latency` the reply has ended before".to_owned());
            None
        }
        None => None,
    };
    let Some(pieces) = pieces.into_iter().chain(by_time).min() else { return Ok(()) };
    let only_text = response.get("toolCalls").is_none() && response.get("blocks").is_none() && response.get("reasoning").is_none();
    let Some(text) = response.get("content").and_then(Value::as_str).filter(|_| only_text) else {
        return Err("it breaks off (`truncateAfterChunks`, `disconnectAfterMs`) in a reply that is more than a text".to_owned());
    };
    let size = fixture["chunkSize"].as_u64().unwrap_or(PIECE).max(1);
    let kept = pieces.saturating_sub(2).saturating_mul(size);
    if kept >= text.encode_utf16().count() as u64 + size {
        return Ok(());
    }
    let kept: String = text.chars().take(usize::try_from(kept).unwrap_or(usize::MAX)).collect();
    parts.retain(|part| part.get("delay").is_some());
    parts.extend((!kept.is_empty()).then(|| json!({"text": kept})));
    parts.push(json!({"abort": "fin"}));
    notes.push(
        "it breaks off where it would on chat completions; other wires have other pieces, and a reply that is no stream breaks off too"
            .to_owned(),
    );
    Ok(())
}
