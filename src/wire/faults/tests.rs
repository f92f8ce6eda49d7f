//! Every way of writing and every fault, byte by byte, on both streaming wires.

use super::*;
use crate::base::Span;
use crate::model::fake::Abort;
use crate::model::fault::{Act, Extra, Fault, FaultKind, Nth, Whole};
use crate::model::wire::{Delta, Newline, Wire, Write};
use crate::wire::chat::asked::Variant;
use crate::wire::script::{Pace, Part};
use crate::wire::stream::{Rendered, Step};
use crate::wire::{chat, messages, responses};
use serde_json::json;
use std::time::Duration;

/// The reply `aß 語c`, one event a step.
fn rendered(wire: &str, stream: bool) -> Rendered {
    of_parts(wire, stream, &[Part::Text("aß 語c".into())])
}

fn of_parts(wire: &str, stream: bool, parts: &[Part]) -> Rendered {
    let body = json!({"model": "m", "stream": stream});
    let pace = Pace::by_event(Wire { delta: Delta::Word, ..Wire::default() });
    match wire {
        "chat" => chat::render(parts, &chat::Asked::read(&body, 0, Variant::Openai), pace),
        "router" => chat::render(parts, &chat::Asked::read(&body, 0, Variant::Openrouter), pace),
        "messages" => messages::render(parts, &messages::Asked::read(&body, 0), pace),
        _ => responses::render(parts, &responses::Asked::read(&body, 0), pace),
    }
}

/// The type of the deltas, and where the two of them stand among the blocks.
fn deltas(wire: &str) -> (&'static str, [usize; 2]) {
    let plain = rendered(wire, true);
    let at = |text: &str| blocks(self::text(&plain)).iter().position(|block| block.contains(text)).unwrap();
    let kind = match wire {
        "messages" => "content_block_delta",
        "responses" => "response.output_text.delta",
        _ => "chunk.content",
    };
    (kind, [at("aß"), at("語c")])
}

fn fault(kind: FaultKind) -> Fault {
    Fault { span: Span::NONE, word: "fault", requests: None, kind }
}

fn at(act: Act) -> Fault {
    on(act, None, Nth::At(1))
}

fn on(act: Act, on: Option<&str>, nth: Nth) -> Fault {
    fault(FaultKind::At { act, on: on.map(Into::into), nth })
}

fn whole(whole: Whole) -> Fault {
    fault(FaultKind::Whole(whole))
}

fn done(rendered: Rendered, wire: &Wire, faults: &[Fault]) -> Rendered {
    let (rendered, results) = shape(rendered, wire, faults.iter());
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    rendered
}

fn missed(wire: &str, stream: bool, fault: Fault) -> Miss {
    let (_, mut results) = shape(rendered(wire, stream), &Wire::default(), std::iter::once(&fault));
    results.pop().unwrap().unwrap_err()
}

fn text(rendered: &Rendered) -> &str {
    std::str::from_utf8(&rendered.bytes).unwrap()
}

/// The writes, as texts where they are.
fn writes(rendered: &Rendered) -> Vec<&[u8]> {
    rendered
        .steps
        .iter()
        .filter_map(|step| if let Step::Write(range) = step { Some(&rendered.bytes[range.clone()]) } else { None })
        .collect()
}

/// The stream of a chat reply or of Responses after this one fault.
fn damaged(wire: &str, fault: Fault) -> String {
    text(&done(rendered(wire, true), &Wire::default(), &[fault])).to_owned()
}

/// The blocks of a stream, without the blank line between.
fn blocks(text: &str) -> Vec<&str> {
    text.split("\n\n").filter(|block| !block.is_empty()).collect()
}

const WIRES: [&str; 4] = ["chat", "router", "messages", "responses"];

/// Those whose events have names.
fn has_names(wire: &str) -> bool {
    matches!(wire, "messages" | "responses")
}

#[test]
fn without_anything_asked_for_nothing_changes() {
    for wire in WIRES {
        let plain = rendered(wire, true);
        assert_eq!(done(plain.clone(), &Wire::default(), &[]).bytes, plain.bytes);
    }
    assert!(!is_needed(&Wire::default(), &[]));
    assert!(!is_needed(&Wire { write: Write::Event, gap: Duration::from_millis(1), ..Wire::default() }, &[]));
    assert!(is_needed(&Wire { newline: Newline::Cr, ..Wire::default() }, &[]));
}

#[test]
fn every_way_of_writing_sends_the_same_bytes() {
    for wire in WIRES {
        for stream in [true, false] {
            for write in [Write::Ready, Write::Event, Write::Line, Write::Bytes(1), Write::Bytes(3), Write::SplitUtf8, Write::SplitLine] {
                let plain = rendered(wire, stream);
                let sent = done(plain.clone(), &Wire { write, ..Wire::default() }, &[]);
                assert_eq!(writes(&sent).concat(), plain.bytes, "{wire} {write:?}");
                assert_eq!(writes(&sent).iter().filter(|write| write.is_empty()).count(), 0);
            }
        }
    }
}

#[test]
fn each_way_of_writing_cuts_where_it_says() {
    for wire in WIRES {
        let with = |write| done(rendered(wire, true), &Wire { write, newline: Newline::Crlf, ..Wire::default() }, &[]);
        assert_eq!(writes(&with(Write::Ready)).len(), 1);
        assert!(writes(&with(Write::Event)).iter().all(|write| write.ends_with(b"\r\n\r\n") && write.len() > 10));
        assert!(writes(&with(Write::Line)).iter().all(|write| write.ends_with(b"\r\n") && !write[..write.len() - 2].contains(&b'\n')));
        let sent = with(Write::Bytes(7));
        let (last, most) = writes(&sent).split_last().map(|(last, most)| (last.len(), most.to_vec())).unwrap();
        assert!(most.iter().all(|write| write.len() == 7) && last <= 7);
        let sent = with(Write::SplitUtf8);
        let inner = writes(&sent).into_iter().skip(1).all(|write| write[0] & 0xC0 == 0x80);
        assert!(inner && writes(&sent).len() > 3, "each write begins inside a character");
        let sent = with(Write::SplitLine);
        assert!(writes(&sent).iter().any(|write| write.ends_with(b"\r")) && writes(&sent).iter().any(|write| write.starts_with(b"\n")));
        assert!(!writes(&sent).iter().any(|write| write.ends_with(b"\r\n\r\n") && write.len() > 4), "no event is whole");
    }
}

#[test]
fn a_line_break_is_what_it_is_told_to_be() {
    for wire in WIRES {
        let plain = rendered(wire, true);
        for (newline, line_break) in [(Newline::Lf, "\n"), (Newline::Crlf, "\r\n"), (Newline::Cr, "\r")] {
            let sent = done(plain.clone(), &Wire { newline, ..Wire::default() }, &[]);
            assert_eq!(text(&sent), text(&plain).replace('\n', line_break));
        }
        let document = done(rendered(wire, false), &Wire { newline: Newline::Cr, ..Wire::default() }, &[]);
        assert_eq!(document.bytes, rendered(wire, false).bytes);
    }
}

#[test]
fn a_gap_stands_between_two_writes_and_nowhere_else() {
    let gap = Duration::from_millis(5);
    for (write, faults) in [(Write::Bytes(9), vec![]), (Write::Ready, vec![]), (Write::Ready, vec![whole(Whole::Slow(gap))])] {
        for stream in [true, false] {
            let gap_of_wire = if faults.is_empty() { gap } else { Duration::ZERO };
            let sent = done(rendered("chat", stream), &Wire { write, gap: gap_of_wire, ..Wire::default() }, &faults);
            assert!(sent.steps.len() > 5 && sent.steps.len() % 2 == 1);
            for (at, step) in sent.steps.iter().enumerate() {
                assert_eq!(*step == Step::Delay(gap), at % 2 == 1, "{at} {step:?}");
            }
        }
    }
}

#[test]
fn damaged_data_is_no_json() {
    for wire in WIRES {
        let (kind, [first, second]) = deltas(wire);
        for act in [Act::Malformed, Act::Truncated] {
            let sent = damaged(wire, on(act.clone(), Some(kind), Nth::At(2)));
            for (at, block) in blocks(&sent).into_iter().enumerate() {
                let Some((_, data)) = block.rsplit_once("data: ") else { continue };
                let broken = data != "[DONE]" && serde_json::from_str::<serde_json::Value>(data).is_err();
                assert_eq!(broken, at == second, "{block}");
                assert_eq!(block.contains("event: "), has_names(wire));
            }
            assert_eq!(damaged(wire, at(act.clone())), damaged(wire, on(act, Some(kind), Nth::At(1))));
            assert_ne!(first, second);
        }
    }
}

#[test]
fn deltas_are_doubled_swapped_and_dropped() {
    for wire in WIRES {
        let (kind, [first, second]) = deltas(wire);
        let plain = rendered(wire, true);
        let plain = blocks(text(&plain));
        let sent = damaged(wire, at(Act::Duplicate));
        assert_eq!(blocks(&sent).len(), plain.len() + 1);
        assert_eq!(blocks(&sent)[first], blocks(&sent)[first + 1]);
        let sent = damaged(wire, at(Act::Drop));
        assert_eq!((blocks(&sent).len(), blocks(&sent)[first]), (plain.len() - 1, plain[second]));
        let sent = damaged(wire, at(Act::Swap));
        assert_eq!((blocks(&sent)[first], blocks(&sent)[second]), (plain[second], plain[first]));
        let sent = damaged(wire, on(Act::Drop, Some(kind), Nth::All));
        assert_eq!(blocks(&sent).len(), plain.len() - 2);
        let sent = damaged(wire, on(Act::Drop, None, Nth::Last));
        assert_eq!((blocks(&sent).len(), blocks(&sent)[first]), (plain.len() - 1, plain[first]));
        assert!(missed(wire, true, on(Act::Swap, None, Nth::Last)).reason.contains("no other such event"));
    }
}

#[test]
fn blocks_that_are_no_events_stand_before_the_delta() {
    for wire in WIRES {
        let (_, [first, _]) = deltas(wire);
        let extras = [
            (Extra::IdOnly, "id: 1"),
            (Extra::RetryOnly, "retry: 3000"),
            (Extra::EmptyData, "data:"),
            (Extra::Comment("PROCESSING".into()), ": PROCESSING"),
        ];
        for (extra, expected) in extras {
            assert_eq!(blocks(&damaged(wire, at(Act::Extra(extra))))[first], expected);
        }
        let name = if has_names(wire) { "event: who.knows\n" } else { "" };
        let sent = damaged(wire, at(Act::Extra(Extra::Unknown("who.knows".into()))));
        assert_eq!(blocks(&sent)[first], format!("{name}data: {{\"type\":\"who.knows\"}}"));
    }
}

#[test]
fn a_cut_ends_the_stream_after_its_event() {
    for wire in WIRES {
        let (_, [first, second]) = deltas(wire);
        let plain = rendered(wire, true);
        let expected = blocks(text(&plain))[..=first].join("\n\n") + "\n\n";
        for how in [Abort::Reset, Abort::Fin, Abort::Half] {
            let sent = done(rendered(wire, true), &Wire::default(), &[at(Act::Cut(how))]);
            let torn = if how == Abort::Half { blocks(text(&plain))[second].len() + 2 } else { 0 };
            let end = expected.len();
            assert_eq!(sent.steps, [Step::Write(0..end), Step::Abort(how, end..end + torn)]);
            assert_eq!(text(&sent)[..end], expected);
        }
        let sent = done(rendered(wire, true), &Wire::default(), &[on(Act::Cut(Abort::Half), None, Nth::Last)]);
        assert!(matches!(sent.steps.last(), Some(Step::Abort(Abort::Half, torn)) if torn.len() > 10));
    }
}

#[test]
fn silence_comes_after_its_event() {
    let time = Duration::from_secs(2);
    let silences = [(Act::Stall(Some(time)), Step::Delay(time)), (Act::Stall(None), Step::Hold), (Act::HalfOpen, Step::Vanish)];
    for wire in WIRES {
        for stream in [true, false] {
            for (act, step) in &silences {
                let plain = rendered(wire, stream);
                let sent = done(plain.clone(), &Wire::default(), &[at(act.clone())]);
                let [Step::Write(before), silence, Step::Write(after)] = sent.steps.as_slice() else { panic!("{:?}", sent.steps) };
                assert!(silence == step && before.end == after.start && after.end == plain.bytes.len());
            }
        }
    }
}

#[test]
fn a_stream_can_lack_its_end() {
    let sent = damaged("chat", whole(Whole::NoTerminal));
    assert!(!sent.contains("DONE") && !sent.contains("\"finish_reason\":\"stop\"") && sent.contains("語c"), "{sent}");
    let sent = damaged("messages", whole(Whole::NoTerminal));
    assert!(!sent.contains("message_stop") && !sent.contains("message_delta") && sent.contains("content_block_stop"), "{sent}");
    let sent = damaged("router", whole(Whole::NoTerminal));
    assert!(
        !sent.contains("DONE") && !sent.contains("\"finish_reason\":\"stop\"") && !sent.contains("usage") && sent.contains("語c"),
        "{sent}"
    );
    let sent = damaged("responses", whole(Whole::NoTerminal));
    assert!(!sent.contains("response.completed") && sent.contains("response.output_item.done"), "{sent}");
    let sent = damaged("chat", whole(Whole::NoDone));
    assert!(!sent.contains("DONE") && sent.contains("\"finish_reason\":\"stop\""), "{sent}");
    assert!(missed("responses", true, whole(Whole::NoDone)).reason.contains("only chat completions"));
    for wire in WIRES {
        let sent = done(rendered(wire, true), &Wire::default(), &[whole(Whole::NoEnd)]);
        assert_eq!(sent.steps, [Step::Write(0..sent.bytes.len()), Step::Hold]);
    }
}

#[test]
fn names_go_and_a_mark_comes() {
    let sent = damaged("responses", whole(Whole::NoNames));
    assert!(blocks(&sent).iter().all(|block| block.starts_with("data: {\"type\":\"response.")), "{sent}");
    let sent = damaged("messages", whole(Whole::NoNames));
    assert!(blocks(&sent).iter().all(|block| block.starts_with("data: {\"type\":\"")), "{sent}");
    for wire in ["chat", "router"] {
        assert!(missed(wire, true, whole(Whole::NoNames)).reason.contains("have no names"));
    }
    for wire in WIRES {
        for stream in [true, false] {
            let plain = rendered(wire, stream);
            let sent = done(plain.clone(), &Wire::default(), &[whole(Whole::Bom)]);
            assert_eq!(text(&sent), format!("\u{feff}{}", text(&plain)));
            assert_eq!(writes(&sent).len(), 1);
        }
    }
}

#[test]
fn ids_change_from_the_event_on() {
    let sent = damaged("responses", at(Act::ResponseId));
    let with = |id: &str| blocks(&sent).iter().filter(|block| block.contains(&format!("\"id\":\"{id}\""))).count();
    assert_eq!((with("resp_0000"), with("resp_0000_other")), (1, 2));
    let sent = damaged("responses", at(Act::ItemId));
    let item = blocks(&sent).into_iter().find(|block| block.contains("response.output_item.done")).unwrap();
    assert!(item.contains("_other\"") && blocks(&sent).iter().filter(|block| block.contains("_other\"")).count() == 2, "{sent}");
    let sent = damaged("chat", at(Act::ResponseId));
    let changed: Vec<_> = blocks(&sent).iter().map(|block| block.contains("chatcmpl-0000_other")).collect();
    assert_eq!(changed, [false, true, true, true, false]);
    assert!(missed("chat", true, at(Act::ItemId)).reason.contains("there is no event `response.output_item.done`"));
    assert!(missed("chat", true, on(Act::ItemId, Some("chunk.*"), Nth::At(1))).reason.contains("carries no id of an item"));
}

#[test]
fn an_empty_body_has_no_byte() {
    for wire in WIRES {
        for stream in [true, false] {
            let sent = done(rendered(wire, stream), &Wire::default(), &[whole(Whole::EmptyBody)]);
            assert!(sent.bytes.is_empty() && sent.steps.is_empty());
        }
    }
}

#[test]
fn a_document_breaks_in_its_middle() {
    for wire in WIRES {
        let plain = rendered(wire, false);
        let half = plain.bytes.len() / 2;
        for (how, end) in [(Abort::Reset, Abort::Reset), (Abort::Fin, Abort::Fin), (Abort::Half, Abort::Fin)] {
            let sent = done(plain.clone(), &Wire::default(), &[at(Act::Cut(how))]);
            assert_eq!(sent.steps, [Step::Write(0..half), Step::Abort(end, half..half)]);
            assert_eq!(sent.bytes.len(), plain.bytes.len(), "the length that the head says is the whole one");
        }
        for act in [Act::Malformed, Act::Truncated] {
            let sent = done(plain.clone(), &Wire::default(), &[at(act)]);
            assert!(serde_json::from_slice::<serde_json::Value>(&sent.bytes).is_err() && !sent.bytes.is_empty());
        }
    }
}

#[test]
fn what_only_a_stream_can_have_is_told_of_a_document() {
    for fault in [at(Act::Duplicate), at(Act::Swap), at(Act::Drop), whole(Whole::NoTerminal), whole(Whole::NoNames), whole(Whole::NoDone)] {
        assert_eq!(missed("chat", false, fault), Miss { reason: "it is one document, not a stream".into(), kinds: vec![] });
    }
    assert!(missed("chat", false, on(Act::Malformed, Some("x"), Nth::At(1))).reason.contains("has no events"));
}

#[test]
fn a_fault_that_finds_nothing_tells_what_there_was() {
    let miss = missed("responses", true, on(Act::Drop, Some("response.reasoning*"), Nth::At(1)));
    assert_eq!(miss.reason, "there is no event `response.reasoning*` in it");
    assert_eq!(miss.kinds[..3], ["response.created", "response.in_progress", "response.output_item.added"]);
    let miss = missed("chat", true, on(Act::Drop, Some("chunk.content"), Nth::At(3)));
    assert_eq!(miss.reason, "of event `chunk.content` there are only 2 in it, and `nth` is 3");
    assert_eq!(miss.kinds, ["chunk.role", "chunk.content", "chunk.finish", "done"]);
    assert!(missed("chat", true, on(Act::Drop, Some("done"), Nth::At(2))).reason.contains("only one event `done`"));
    let ascii = of_parts("chat", true, &[Part::Text("a".into())]);
    let (_, results) = shape(ascii, &Wire::default(), [&whole(Whole::BeyondAscii)].into_iter());
    assert!(results[0].as_ref().unwrap_err().reason.contains("single bytes"));
}

#[test]
fn faults_are_done_in_their_order() {
    let faults = [at(Act::Duplicate), on(Act::Drop, None, Nth::At(3)), whole(Whole::NoDone)];
    let sent = done(rendered("chat", true), &Wire::default(), &faults);
    let sent = blocks(text(&sent));
    assert!(sent.len() == 4 && sent[1] == sent[2] && sent[3].contains("stop"), "{sent:?}");
}

#[test]
fn waits_of_the_script_stay_where_they_are() {
    let parts = [Part::Text("a".into()), Part::Gate("g".into()), Part::Text("b".into()), Part::Abort(Abort::Half)];
    for wire in WIRES {
        let rendered = of_parts(wire, true, &parts);
        let plain = rendered.bytes.clone();
        let sent = done(rendered, &Wire { write: Write::Bytes(1000), ..Wire::default() }, &[]);
        let shown: Vec<_> = sent.steps.iter().filter(|step| !matches!(step, Step::Write(_))).collect();
        assert!(matches!(shown.as_slice(), [Step::Gate(_), Step::Abort(Abort::Half, torn)] if !torn.is_empty()), "{shown:?}");
        assert_eq!(sent.bytes, plain);
    }
}

#[test]
fn bytes_that_the_script_wrote_stay_as_they_are() {
    let parts = [Part::Raw("data: {half\n".into()), Part::Text("a".into()), Part::Comment("hi".into())];
    for wire in WIRES {
        let sent = done(of_parts(wire, true, &parts), &Wire { newline: Newline::Crlf, ..Wire::default() }, &[]);
        assert!(text(&sent).contains("data: {half\n") && !text(&sent).contains("{half\r") && text(&sent).contains(": hi\r\n\r\n"));
    }
}
