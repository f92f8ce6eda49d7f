//! OpenRouter's variant.

use super::*;

fn asked(stream: bool) -> Asked {
    Asked::read(&json!({"model": "m1", "stream": stream}), 7, Variant::Openrouter)
}

fn whole(parts: &[Part]) -> (u16, Value) {
    let rendered = render(parts, &asked(false), Pace::default());
    (rendered.status, serde_json::from_slice(&rendered.bytes).unwrap())
}

#[test]
fn every_chunk_says_who_answered_and_every_delta_role_and_content() {
    let (chunks, done) = chunks(&[text("a b"), call(None)], &asked(true));
    assert!(done);
    for chunk in &chunks {
        assert_eq!((&chunk["id"], &chunk["provider"]), (&json!("gen-0007"), &json!("Scripted")), "{chunk}");
        let choice = &chunk["choices"][0];
        assert_eq!(choice["delta"]["role"], "assistant");
        assert!(choice["delta"]["content"].is_string() && choice.get("native_finish_reason").is_some(), "{chunk}");
    }
    let finish = &chunks[chunks.len() - 2]["choices"][0];
    assert_eq!((&finish["finish_reason"], &finish["native_finish_reason"]), (&json!("tool_calls"), &json!("tool_calls")));
}

#[test]
fn the_stream_begins_with_a_sign_of_life() {
    let bytes = render(&[Part::Ping, text("a")], &asked(true), Pace::default()).bytes;
    let bytes = String::from_utf8(bytes).unwrap();
    assert!(bytes.starts_with(": OPENROUTER PROCESSING\n\ndata: "), "{bytes}");
    assert_eq!(bytes.matches(": OPENROUTER PROCESSING\n\n").count(), 2);
}

#[test]
fn usage_comes_unasked_with_its_cost_and_only_last() {
    let parts = [text("a"), Part::Usage(Usage { input: 7, output: 3, cached: 2, reasoning: 1 })];
    let (chunks, _) = chunks(&parts, &asked(true));
    let (last, before) = chunks.split_last().unwrap();
    assert!(before.iter().all(|chunk| chunk.get("usage").is_none()));
    for usage in [&last["usage"], &whole(&parts).1["usage"]] {
        assert_eq!((&usage["prompt_tokens"], &usage["total_tokens"], &usage["is_byok"]), (&json!(7), &json!(10), &json!(false)));
        assert!((usage["cost"].as_f64().unwrap() - 0.00001).abs() < 1e-9 && usage["cost_details"].is_object(), "{usage}");
        assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 1);
    }
}

#[test]
fn reasoning_comes_with_its_details() {
    let parts =
        [Part::Reasoning(Reasoning { text: "hm so".into(), signature: Some("sig".into()), encrypted: Some("enc".into()), hidden: false })];
    let (chunks, _) = chunks(&parts, &asked(true));
    let deltas: Vec<_> =
        chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]).filter(|delta| delta["reasoning_details"].is_array()).collect();
    let joined: String = deltas.iter().filter_map(|delta| delta["reasoning"].as_str()).collect();
    let details: Vec<_> = deltas.iter().map(|delta| delta["reasoning_details"][0].clone()).collect();
    assert_eq!((joined.as_str(), details.len()), ("hm so", 4));
    assert_eq!(details[0], json!({"type": "reasoning.text", "text": "hm", "id": null, "format": "unknown", "index": 0}));
    assert_eq!(details[2], json!({"type": "reasoning.text", "signature": "sig", "id": null, "format": "unknown", "index": 0}));
    assert_eq!(details[3], json!({"type": "reasoning.encrypted", "data": "enc", "id": null, "format": "unknown", "index": 0}));
    let message = &whole(&parts).1["choices"][0]["message"];
    assert_eq!((&message["reasoning"], &message["reasoning_details"][0]["signature"]), (&json!("hm so"), &json!("sig")));
    assert_eq!(message["reasoning_details"].as_array().unwrap().len(), 2);
    assert_eq!(whole(&[text("a")]).1["choices"][0]["message"]["reasoning"], Value::Null);
}

#[test]
fn an_error_in_the_middle_is_a_chunk_that_finishes_for_it() {
    let error = Part::Error { message: "slow".into(), code: Some("rate_limit_exceeded".into()), kind: None, flat: false };
    let (mut streamed, done) = chunks(&[text("a"), error.clone()], &asked(true));
    let last = streamed.pop().unwrap();
    let object = json!({"code": 429, "message": "slow", "metadata": {"provider_name": "Scripted", "raw": "slow"}});
    assert_eq!((done, &last["error"], &last["choices"][0]["finish_reason"]), (false, &object, &json!("error")));
    assert_eq!(whole(&[text("a"), error]), (429, json!({"error": object})));
}

#[test]
fn the_native_reason_is_the_scripts_own_word() {
    let parts = [Part::Stop("max_tokens".into())];
    let choice = whole(&parts).1["choices"][0].clone();
    assert_eq!((&choice["finish_reason"], &choice["native_finish_reason"]), (&json!("length"), &json!("max_tokens")));
}
