//! What is read, and what is refused with which words.
//!
//! Owns: the tests of this folder.
//! Must not know: how a pattern is tested.

use crate::base::{Diagnostic, Severity};
use crate::matching::testing::{node, read, read_well};
use crate::model::pattern::{Extra, Form, ListKind, ListPattern, Order, Pattern, Times};
use serde_json::json;

fn pattern(text: &str) -> (Pattern, Vec<Diagnostic>) {
    read(text, |reader, node| reader.pattern(node))
}

fn list(kind: ListKind, text: &str) -> (ListPattern, Vec<Diagnostic>) {
    read(text, |reader, node| reader.list(node, kind))
}

/// One mistake, with this code, on this part of the text; its words hold `says`.
fn refused(text: &str, mistakes: &[Diagnostic], code: &str, on: &str, says: &str) {
    let [mistake] = mistakes else { panic!("{text}: one mistake is expected, not {mistakes:#?}") };
    assert_eq!(mistake.code, code, "{text}: {mistake:#?}");
    let marked = &text[mistake.span.start as usize..mistake.span.end as usize];
    assert!(marked.starts_with(on), "{text}: `{marked}` is marked");
    let words = format!("{} {} {}", mistake.message, mistake.label, mistake.help.join(" "));
    assert!(words.contains(says), "{text}: {words}");
}

fn refuses(text: &str, code: &str, on: &str, says: &str) {
    let (read, mistakes) = pattern(text);
    refused(text, &mistakes, code, on, says);
    if mistakes[0].severity == Severity::Error {
        for value in [json!(null), json!("x"), json!({"a": 1}), json!([])] {
            let holds = crate::matching::value::holds(&read, Some(&value), &crate::model::template::Nothing);
            assert_eq!(holds, Ok(false), "what could not be read matches nothing: {text}");
        }
    }
}

fn refuses_list(kind: ListKind, text: &str, code: &str, on: &str, says: &str) {
    refused(text, &list(kind, text).1, code, on, says);
}

#[test]
fn words_and_keys_do_not_mix() {
    refuses("{contains: x, name: y}", "mixed-matcher", "name", "literal:");
    refuses("{contains: x, start_with: y}", "mixed-matcher", "start_with", "did you mean `starts_with`?");
}

#[test]
fn a_near_word_is_a_warning() {
    for (text, word) in
        [("{contians: x}", "contains"), ("{startsWith: x}", "starts_with"), ("{regex: x}", "matches"), ("{oneOf: [1]}", "one_of")]
    {
        let (read, mistakes) = pattern(text);
        let key = &text[1..text.find(':').expect("a key")];
        refused(text, &mistakes, "looks-like-a-word", key, &format!("`{word}`"));
        assert_eq!(mistakes[0].severity, Severity::Warning);
        assert!(matches!(read.form, Form::Subset(_)), "it stays what it says");
    }
    for text in
        ["{id: 1}", "{content: x}", "{text: x}", "{type: x}", "{hash: x}", "{state: x}", "{limit: 1}", "{contians: x, b: 1}", "{note: x}"]
    {
        read_well(text, |reader, node| reader.pattern(node));
    }
}

#[test]
fn arguments_of_the_wrong_kind_are_refused() {
    for (text, on, says) in [
        ("{contains: 5}", "5", "a text, or a list of texts"),
        ("{contains: ''}", "''", "a text"),
        ("{contains: []}", "[]", "a text"),
        ("{contains: [a, 1]}", "[a", "`has`"),
        ("{starts_with: [a]}", "[a]", "`starts_with` needs a text"),
        ("{gt: '5'}", "'5'", "has a unit"),
        ("{gt: 30 s}", "30 s", "300ms"),
        ("{lt: true}", "true", "a number"),
        ("{approx: {value: 1, within: -1}}", "{value", "approx: 3.14"),
        ("{one_of: a}", "a", "a list"),
        ("{one_of: []}", "[]", "not empty"),
        ("{one_of: [a, {absent: true}]}", "{absent", "optional"),
        ("{is: text}", "text", "did you mean `string`?"),
        ("{is: intger}", "intger", "did you mean `integer`?"),
        ("{present: yes}", "yes", "`true` or `false`"),
        ("{length: -1}", "-1", "a whole number"),
        ("{length: many}", "many", "gte: 1"),
        ("{ascending: false}", "false", "not: {ascending: true}"),
        ("{similar: {to: a}}", "{to", "rouge_l: 0.8"),
        ("{similar: {to: a, rouge_l: 2}}", "{to", "above 0"),
        ("{similar: {to: a, rouge_l: 0.5, token_f1: 0.5}}", "{to", "the measures are"),
        ("{similar: {to: a, rogue_l: 0.5}}", "{to", "did you mean `rouge_l`?"),
        ("{ignore_case: true, gt: 1}", "ignore_case", "no text word"),
        ("{contains: a, normalize: 1}", "1", "`true` or `false`"),
        ("{matches: [a]}", "[a]", "a regular expression"),
        ("{json_schema: {type: objct}}", "{type", "JSON Schema"),
        ("{json_schema: {const: '{{x}}'}}", "{const", "only during the run"),
    ] {
        refuses(text, "wrong-argument", on, says);
    }
    refuses("{approx: {valu: 1}}", "unknown-key", "valu", "did you mean `value`?");
}

#[test]
fn files_that_cannot_be_read_are_told() {
    refuses("{same_as: gone.txt}", "unreadable-file", "gone", "no such file");
    refuses("{json_schema: gone.json}", "unreadable-file", "gone", "relative to the folder");
    refuses("{json_schema: hello.txt}", "wrong-argument", "hello", "is not JSON");
}

#[test]
fn ill_formed_expressions_say_where() {
    refuses("{matches: '(a'}", "ill-formed-regex", "'(a'", "at character 1: unclosed group");
    refuses("{matches: 'ab[z-a]'}", "ill-formed-regex", "'ab", "at character 4");
    refuses("{matches: 'a(?=b)'}", "ill-formed-regex", "'a(", "look-around");
    refuses("{matches: ''}", "ill-formed-regex", "''", "empty");
    refuses("{matches: '({{x}}'}", "ill-formed-regex", "'(", "unclosed group");
}

#[test]
fn several_mistakes_are_all_told() {
    let (_, mistakes) = pattern("{a: {contains: 1}, b: {matches: '('}, c: [{gt: x}]}");
    let codes: Vec<_> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, ["wrong-argument", "ill-formed-regex", "wrong-argument"]);
}

#[test]
fn the_forms_of_a_list_are_read() {
    let read = |text: &str| read_well(text, |reader, node| reader.list(node, ListKind::Calls));
    let shape = |pattern: &ListPattern| (pattern.order, pattern.items.len(), matches!(pattern.extra, Extra::Forbid));
    assert_eq!(shape(&read("[a, {b: {x: 1}}]")), (Order::InOrder, 2, false));
    assert_eq!(shape(&read("{any_order: [a]}")), (Order::AnyOrder, 1, false));
    assert_eq!(shape(&read("{exactly: [a]}")), (Order::InOrder, 1, true));
    assert_eq!(shape(&read("{exactly: []}")), (Order::InOrder, 0, true));
    assert_eq!(shape(&read("{any_order: [a], extra: forbid}")), (Order::AnyOrder, 1, true));
    assert_eq!(shape(&read("none")), (Order::InOrder, 0, true));
    assert!(matches!(read("{in_order: [a], extra: {allow: [log.*]}}").extra, Extra::Only(items) if items.len() == 1));
    assert!(read("{count: {lte: 20}}").count.is_some());
}

#[test]
fn a_list_that_checks_nothing_is_refused() {
    for (text, on, says) in [
        ("[]", "[]", "write `none`"),
        ("{any_order: []}", "{any", "checks nothing"),
        ("{extra: allow}", "{extra", "checks nothing"),
        ("search", "search", "write `[search]`"),
        ("5", "5", "a list of calls is needed"),
        ("{any_order: [a], exactly: [b]}", "exactly", "cannot both"),
        ("{exactly: [a], extra: forbid}", "extra", "says it twice"),
        ("{any_order: a}", "a", "write `any_order: […]`"),
        ("{in_order: [a], extra: never}", "never", "`extra: forbid`"),
        ("{in_order: [a], count: x}", "x", "a whole number"),
        ("{count: -1}", "-1", "a whole number"),
        ("{search: {q: 1}}", "{search", "a line of its own"),
    ] {
        refuses_list(ListKind::Calls, text, "wrong-argument", on, says);
    }
    refuses_list(ListKind::Calls, "{any_ordr: [a], count: 1}", "unknown-key", "any_ordr", "did you mean `any_order`?");
}

#[test]
fn times_are_read_with_their_closure() {
    let times = |text: &str| read_well(text, |reader, node| reader.list(node, ListKind::Calls)).items[0].times;
    assert_eq!(times("[a]"), Times::ONCE);
    assert_eq!(times("[{call: a, times: 2}]"), Times { min: 2, max: Some(2), closed: true });
    assert_eq!(times("[{call: a, times: 0}]"), Times { min: 0, max: Some(0), closed: true });
    assert_eq!(times("[{call: a, times: {gte: 1}}]"), Times { min: 1, max: None, closed: false });
    assert_eq!(times("[{call: a, times: {gt: 1, lt: 4}}]"), Times { min: 2, max: Some(3), closed: true });
    assert_eq!(times("[{call: a, times: {lte: 3}}]"), Times { min: 0, max: Some(3), closed: true });
}

#[test]
fn parts_of_an_item_are_checked() {
    for (text, on, says) in [
        ("[{call: a, times: -1}]", "-1", "a whole number"),
        ("[{call: a, times: 1.5}]", "1.5", "a whole number"),
        ("[{call: a, times: {gte: 3, lte: 1}}]", "{gte", "cannot hold"),
        ("[{call: a, times: {lt: 0}}]", "0", "less than 0 times"),
        ("[{call: a, times: {gte: x}}]", "x", "a whole number"),
        ("[{call: a, times: {}}]", "{}", "{gte, lte}"),
        ("[{call: a, index: first}]", "first", "a place in the list"),
        ("[{call: a, session: 1}]", "1", "the label of a session"),
        ("[{call: a, as: ''}]", "''", "a label"),
        ("[{call: a, after: 1}]", "1", "the labels of other items"),
        ("[{call: a, save: x}]", "x", "names with paths"),
        ("[{call: a, save: {x: 1}}]", "1", "needs a path"),
        ("[{call: a, save: {x: []}}]", "[]", "has no path"),
        ("[{call: a, status: okay}]", "okay", "ok, error, denied, pending"),
        ("[{call: a, status: eror}]", "eror", "did you mean `error`?"),
        ("[{call: a, args: x}]", "x", "are a mapping"),
        ("[{a: x}]", "x", "are a mapping"),
        ("[{call: {a: {x: 1}}, args: {y: 1}}]", "args", "given twice"),
    ] {
        refuses_list(ListKind::Calls, text, "wrong-argument", on, says);
    }
    refuses_list(ListKind::Calls, "[{call: a, agrs: {}}]", "unknown-key", "agrs", "did you mean `args`?");
    refuses_list(ListKind::Events, "[{event: a, args: {}}]", "unknown-key", "args", "the keys are event");
    refuses_list(ListKind::Requests, "[{pth: /x}]", "unknown-key", "pth", "did you mean `path`?");
    refuses_list(ListKind::Calls, "[{call: a, save: {x: $.a b}}]", "ill-formed-jsonpath", "", "character 3");
    refuses_list(ListKind::Calls, "[{call: a, save: {turn: $.a}}]", "reserved-name", "turn", "another name");
}

#[test]
fn items_that_are_no_items_are_refused() {
    for (text, on, says) in [
        ("[{status: error}]", "status", "call: \"*\""),
        ("[{a: {}, b: {}}]", "{a", "has the key `call`"),
        ("[5]", "5", "the tool's name"),
        ("[[a]]", "[a]", "the tool's name"),
        ("[{}]", "{}", "has the key `call`"),
    ] {
        refuses_list(ListKind::Calls, text, "wrong-item", on, says);
    }
    refuses_list(ListKind::Frames, "[closed]", "wrong-item", "closed", "the mapping that the frame must have");
}

#[test]
fn items_name_each_other_by_labels_and_saved_values() {
    let after = |text: &str| {
        let read = read_well(text, |reader, node| reader.list(node, ListKind::Calls));
        read.items.into_iter().map(|item| item.after).collect::<Vec<_>>()
    };
    assert_eq!(after("[{call: a, as: x}, {call: b, after: [x]}]"), [vec![], vec![0]]);
    assert_eq!(after("[{call: b, after: x}, {call: a, as: x}]"), [vec![1], vec![]]);
    assert_eq!(after("[{call: a, save: {d: $.result}}, {b: {id: '{{d.id}}'}}, {c: {id: '{{doc}}'}}]"), [vec![], vec![0], vec![]]);
    assert_eq!(after("[{call: a, save: {d: $.result}, args: {x: '{{d}}'}}]"), [Vec::<usize>::new()], "its own name is the case's");
}

#[test]
fn wrong_relations_are_refused() {
    let calls = ListKind::Calls;
    refuses_list(calls, "[{call: a, as: find}, {call: b, after: [fnd]}]", "unknown-label", "fnd", "did you mean `find`?");
    refuses_list(calls, "[{call: a, after: [b]}]", "unknown-label", "b", "as: b");
    refuses_list(calls, "[{call: a, as: x, after: [y]}, {call: b, as: y, after: [x]}]", "cycle", "{call: a", "circle");
    refuses_list(calls, "[{call: a, as: x, after: [x]}]", "cycle", "{call", "circle");
    refuses_list(
        calls,
        "[{call: a, save: {d: $.x}, args: {i: '{{e}}'}}, {call: b, save: {e: $.y}, args: {i: '{{d}}'}}]",
        "cycle",
        "{call: a",
        "",
    );
    refuses_list(calls, "[{call: a, as: x}, {call: b, as: x}]", "same-label", "{call: b", "two items");
    refuses_list(calls, "[{call: a, save: {d: $.x}}, {call: b, save: {d: $.x}}]", "saved-twice", "{call: b", "two items");
}

#[test]
fn items_of_never_stand_alone() {
    let text = "[a, {call: b, after: [x]}]";
    let (items, mistakes) = read(text, |reader, node| reader.items(node, ListKind::Calls));
    assert_eq!(items.len(), 2);
    refused(text, &mistakes, "unknown-label", "x", "stands alone");
    let (_, mistakes) = read("a", |reader, node| reader.items(node, ListKind::Calls));
    refused("a", &mistakes, "wrong-argument", "a", "expected a list");
}

#[test]
fn a_glob_is_a_text() {
    let (_, mistakes) = read("5", |reader, _| reader.glob(&node("5")));
    refused("5", &mistakes, "wrong-argument", "5", "a glob is a text");
}
