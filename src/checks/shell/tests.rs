use super::*;

/// `name args…`, with `&` in front of what runs if all goes well, `?` of what runs perhaps, and `…` for args that are not known.
fn check(text: &str, expected: &[&str]) {
    let shown = |run: &Run| {
        let mark =
            [(Sure::Always, ""), (Sure::IfWell, "&"), (Sure::Perhaps, "?")].into_iter().find(|(sure, _)| *sure == run.sure).unwrap().1;
        let args = run.args.as_ref().map_or(" …".to_owned(), |args| args.iter().map(|arg| format!(" {arg}")).collect());
        format!("{mark}{}{args}", run.program)
    };
    assert_eq!(runs(text).iter().map(shown).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn lists_and_pipelines_are_taken_apart() {
    check("gog gmail get m1", &["gog gmail get m1"]);
    check("a 1; b 2\nc | d & e", &["a 1", "b 2", "c", "d", "e"]);
    check("a && b || c && d; e", &["a", "&b", "?c", "?d", "e"]);
    check("(cd x; a) && b", &["cd x", "a", "&b"]);
    check("exit 1; a", &["exit 1", "?a"]);
}

#[test]
fn quotes_and_escapes_make_words() {
    check(r#"a 'b c' "d \"e" f\ g 'h'i"#, &[r#"a b c d "e f g hi"#]);
    check("a \"$X\"; b *.md; c ~/x; d '$X *'", &["a …", "b …", "c …", "d $X *"]);
    check("a # b; c\nd", &["a", "d"]);
    check("\"/usr/bin/a\" b", &["/usr/bin/a b"]);
    check("echo 'curl x; curl y'", &["echo curl x; curl y"]);
}

#[test]
fn what_stands_in_front_is_no_command() {
    check("A=1 B= env -i C=2 curl x", &["curl x"]);
    check("sudo -u bob timeout 5 nice -n 3 curl x", &["curl x"]);
    check("command -p curl x; command -v curl; exec curl y", &["curl x", "curl y"]);
    check("echo u | xargs -n 1 curl", &["echo u", "?curl"]);
    check("busybox wget x; A=1; env", &["wget x"]);
}

#[test]
fn commands_inside_others_are_found() {
    check("bash -lc 'curl x && curl y'", &["curl x", "&curl y", "bash -lc curl x && curl y"]);
    check("echo \"$(curl x)\" `curl y`", &["curl x", "curl y", "echo …"]);
    check("eval curl x", &["curl x", "eval curl x"]);
    check("diff <(curl x) y > \"$(curl z)\"", &["curl x", "curl z", "diff …"]);
}

#[test]
fn redirections_and_here_documents_are_no_words() {
    check("a > out 2>&1 < in b", &["a b"]);
    check("a &> out b >| c", &["a b"]);
    check("cat <<EOF | b\ncurl x\nEOF\nc", &["cat", "b", "c"]);
    check("cat <<-'E' ; d\n\tcurl x\n\tE\nc", &["cat", "d", "c"]);
    check("a <<< word b", &["a b"]);
}

#[test]
fn branches_loops_and_functions_are_run_perhaps() {
    check("if a; then b; else c; fi; d", &["a", "?b", "?c", "d"]);
    check("while a; do b; done; c", &["a", "?b", "c"]);
    check("for x in 1 2; do a; done; b", &["for x in 1 2", "a", "b"]);
    check("f() { a; b; }; c", &["?a", "?b", "c"]);
    check("{ a; b; }; ! c", &["a", "b", "c"]);
    check("case x in y) a;; esac; b", &["?x in y", "?a", "b"]);
}

#[test]
fn words_without_a_shell_are_one_command() {
    let words = |words: &[&str]| run_of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!(words(&["/usr/bin/env", "curl", "a;b"])[0].args.as_deref(), Some(&["a;b".to_owned()][..]));
    assert_eq!(words(&["bash", "-lc", "curl x"])[0].name(), "curl");
    assert!(words(&[]).is_empty());
}

#[test]
fn what_is_not_closed_is_no_panic() {
    for text in ["'", "\"", "`", "$(", "a <<", "a >", "\\", "f(", "env", "if", "}", "fi", "ä'ö"] {
        runs(text);
    }
}
