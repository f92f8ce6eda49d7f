//! What is read, and what is refused where.

use super::{MAX_BYTES, read};
use crate::base::{Diagnostics, Sources};
use serde_json::{Value, json};

/// The value, and each mistake as `code line:column`.
fn load(bytes: &[u8]) -> (Option<Value>, Vec<String>) {
    let sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let tree = read(&sources, "a.yaml", bytes, &mut diagnostics);
    for diagnostic in diagnostics.list.iter().take(10) {
        let drawn = diagnostic.render(&sources, false);
        assert!(!diagnostic.help.is_empty() && (bytes.is_empty() || drawn.contains("a.yaml")), "{drawn}");
    }
    let place = |d: &crate::base::Diagnostic| sources.locate(d.span).map_or_else(String::new, |at| format!("{}:{}", at.line, at.column));
    (tree.map(|tree| tree.to_value()), diagnostics.list.iter().map(|d| format!("{} {}", d.code, place(d))).collect())
}

fn gives(text: &str, value: Value) {
    assert_eq!(load(text.as_bytes()), (Some(value), vec![]), "{text}");
}

fn refuses(text: &str, mistakes: &[&str]) {
    assert_eq!(load(text.as_bytes()).1, mistakes, "{text}");
}

#[test]
fn scalars_keep_their_core_types() {
    gives(
        "{a: off, b: 010, c: 2026-01-02, d: true, e: ~, f: 'on', g: \"1\", h: 1.5}",
        json!({"a": "off", "b": 10, "c": "2026-01-02", "d": true, "e": null, "f": "on", "g": "1", "h": 1.5}),
    );
    gives("a: |\n  x\n  y\nb: >-\n  x\n  y\nc:\nd: {e: }\n", json!({"a": "x\ny\n", "b": "x y", "c": null, "d": {"e": null}}));
}

#[test]
fn anchors_stand_for_whole_values() {
    gives("a: &x {b: [1, 2]}\nc: *x\nd: [*x]\n", json!({"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": [{"b": [1, 2]}]}));
}

#[test]
fn a_byte_order_mark_is_not_part_of_the_first_key() {
    gives("\u{FEFF}a: 1\n", json!({"a": 1}));
}

#[test]
fn spans_cover_what_was_written() {
    let text = "ä: ö\nlist:\n  - {k: \"a\\nb\", l: [1, 2]}\n  - last one   # comment\nblock: |\n  text\nend: x\n";
    let sources = Sources::default();
    let tree = read(&sources, "a.yaml", text.as_bytes(), &mut Diagnostics::default()).unwrap();
    let slice = |node: &crate::model::tree::Node| &text[node.span.start as usize..node.span.end as usize];
    assert_eq!(slice(tree.get("ä").unwrap()), "ö");
    let items = tree.get("list").unwrap().items();
    assert_eq!(slice(&items[0]), "{k: \"a\\nb\", l: [1, 2]}");
    assert_eq!(slice(items[0].get("k").unwrap()), "\"a\\nb\"");
    assert_eq!(slice(items[0].get("l").unwrap()), "[1, 2]");
    assert_eq!(slice(&items[1]), "last one");
    assert_eq!(slice(tree.get("end").unwrap()), "x");
    let key = tree.entry("block").unwrap().key_span;
    assert_eq!(&text[key.start as usize..key.end as usize], "block");
    assert_eq!(slice(tree.get("list").unwrap()).lines().count(), 2);
}

#[test]
fn duplicate_keys_are_all_named_with_the_first_place() {
    refuses("a: 1\nb:\n  c: 1\n  c: 2\na: 3\na: 4\n", &["duplicate-key 4:3", "duplicate-key 5:1", "duplicate-key 6:1"]);
    let many: String = (0..40).map(|n| format!("k{n}: 1\n")).collect();
    refuses(&format!("{many}k3: 1\nk39: 1\n"), &["duplicate-key 41:1", "duplicate-key 42:1"]);
    let sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let tree = read(&sources, "a.yaml", b"a: 1\na: 2\n", &mut diagnostics).unwrap();
    assert_eq!(tree.to_value(), json!({"a": 1}));
    assert!(diagnostics.list[0].help[0].contains("line 1, column 1"));
}

#[test]
fn merge_keys_tags_and_keys_that_are_no_texts_are_refused() {
    refuses("a: &x {b: 1}\nc:\n  <<: *x\n", &["merge-key 3:3"]);
    refuses("a: !!str 1\nb: !mine [x]\n", &["yaml-tag 1:4", "yaml-tag 2:4"]);
    refuses("1: x\ntrue: y\n? [a]\n: z\n[b]: c\n", &["non-text-key 1:1", "non-text-key 2:1", "non-text-key 3:3", "non-text-key 5:1"]);
    gives("\"1\": x\n'<<': y\n", json!({"1": "x", "<<": "y"}));
}

#[test]
fn one_document_is_all() {
    refuses("a: 1\n---\nb: 2\n", &["many-documents 2:1"]);
    gives("---\na: 1\n...\n", json!({"a": 1}));
}

#[test]
fn an_empty_file_is_named_as_such() {
    for text in ["", "\n\n", "# only a comment\n", "---\n"] {
        refuses(text, &["empty-file 1:1"]);
    }
}

#[test]
fn an_unquoted_star_says_quote_it() {
    refuses("when: *page*\n", &["unquoted-alias 1:7"]);
    refuses("a: [*x, * y]\n", &["unquoted-alias 1:5", "unquoted-alias 1:9"]);
    refuses("a: *\n", &["unquoted-alias 1:4"]);
    let sources = Sources::default();
    let mut diagnostics = Diagnostics::default();
    let _ = read(&sources, "a.yaml", b"when: *page*\n", &mut diagnostics);
    assert_eq!(diagnostics.list[0].help, ["quote the whole text: \"*page*\""]);
}

#[test]
fn unquoted_braces_say_quote_them() {
    refuses("a: {{x}}\nb: [{{y}}]\nc: {d: {{z|json}}}\n", &["unquoted-template 1:4", "unquoted-template 2:5", "unquoted-template 3:8"]);
    refuses("a: {{x}} and more\n", &["unquoted-template 1:4"]);
    refuses("a: {{x}}/v1\n", &["unquoted-template 1:4"]);
    refuses("- {{env.X:-d}}\n", &["unquoted-template 1:3"]);
    gives("a: x {{y}}\n", json!({"a": "x {{y}}"}));
}

#[test]
fn a_comma_in_a_flow_text_says_quote_it() {
    refuses("{text: a, b}\n", &["comma-in-text 1:11"]);
    refuses("x: {text: Hello there, world, too, more: 1}\n", &["comma-in-text 1:24", "comma-in-text 1:31"]);
    refuses("{steps}\n", &["missing-value 1:2"]);
    gives("{a: , \"b\":, c: x}\n", json!({"a": null, "b": null, "c": "x"}));
}

#[test]
fn tabs_are_named() {
    refuses("a:\n\tb: 1\n", &["tab-indentation 2:1"]);
    refuses("a:\n  b:\n  \t- c\n", &["tab-indentation 3:3"]);
    gives("a: b\t# fine\nc: \"d\te\"\n", json!({"a": "b", "c": "d\te"}));
}

#[test]
fn bytes_that_are_no_text_are_placed() {
    assert_eq!(load(b"a: 1\nb: \xFFx\n").1, ["not-utf8 2:4"]);
    assert_eq!(load(b"\xFF\xFEa\0").1, ["not-utf8 1:1"]);
}

#[test]
fn big_files_are_refused_unread() {
    let big = vec![b'['; MAX_BYTES + 1];
    assert_eq!(load(&big).1, ["file-too-large 1:1"]);
}

#[test]
fn an_alias_bomb_ends_quickly() {
    let mut text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (name, before) in ('b'..='k').zip('a'..) {
        text += &format!("{name}: &{name} [{}]\n", vec![format!("*{before}"); 10].join(", "));
    }
    refuses(&text, &["alias-bomb 5:36"]);
    refuses("a: &a [*a]\n", &["alias-cycle 1:8"]);
}

#[test]
fn nesting_has_an_end() {
    refuses(&"[".repeat(20_000), &["too-deep 1:101"]);
    let block: String = (0..200).map(|n| format!("{}a:\n", "  ".repeat(n))).collect();
    refuses(&block, &["too-deep 101:201"]);
    let mixed: String =
        (0..90).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>() + &" ".repeat(90) + &"[".repeat(20) + &"]".repeat(20);
    refuses(&mixed, &["too-deep 91:101"]);
    let mut chain = "- &a0 [[[[[[[[[[x]]]]]]]]]]\n".to_owned();
    for n in 1..12 {
        chain += &format!("- &a{n} [[[[[[[[[[*a{}]]]]]]]]]]\n", n - 1);
    }
    refuses(&chain, &["too-deep 10:17"]);
    gives(&("[".repeat(90) + &"]".repeat(90)), (1..90).fold(json!([]), |inner, _| json!([inner])));
}

#[test]
fn ill_formed_yaml_is_placed() {
    refuses("a: [1, 2\n", &["ill-formed-yaml 1:4"]);
    refuses("a: b: c\n", &["ill-formed-yaml 1:5"]);
    refuses("a: \"x\\q\"\n", &["ill-formed-yaml 1:4"]);
    refuses("a: \"x\nb: 1\n", &["ill-formed-yaml 2:1"]);
    refuses("a: @x\n", &["ill-formed-yaml 1:4"]);
    refuses("a: 1\n b: 2\n", &["ill-formed-yaml 2:3"]);
    refuses("%YAML 1.1\n---\na: 1\n", &["ill-formed-yaml 1:1"]);
}

#[test]
fn numbers_that_json_lacks_say_quote_them() {
    refuses("a: .inf\nb: [.nan, 1e999]\n", &["no-such-number 1:4", "no-such-number 2:5", "no-such-number 2:11"]);
}

#[test]
fn ill_formed_templates_are_placed_in_their_text() {
    refuses("a: \"x\\n{{y}} {{a b}}\"\n", &["ill-formed-template 1:14"]);
    refuses("a: |\n  one {{x}}\n  two {{y|jsn}}\n", &["ill-formed-template 3:7"]);
    refuses("a: x {{\n", &["ill-formed-template 1:6"]);
}

#[test]
fn keys_are_never_templates() {
    gives("\"{{x}}\": 1\n", json!({"{{x}}": 1}));
}

#[test]
fn many_mistakes_are_found_in_one_reading() {
    refuses(
        "a: 1\na: 2\nb: *x\nc: {{y}}\nd: !t z\n",
        &["duplicate-key 2:1", "unquoted-alias 3:4", "unquoted-template 4:4", "yaml-tag 5:4"],
    );
}

#[test]
fn thousands_of_mistakes_take_no_time() {
    let (_, mistakes) = load("- *x\n".repeat(100_000).as_bytes());
    assert_eq!(mistakes.last().map(String::as_str), Some("too-many-mistakes 501:3"));
}
