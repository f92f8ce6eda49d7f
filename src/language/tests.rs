//! Whole files through the whole of loading: exhibits and drafts load with no mistake but what a later version carries out.
//!
//! Owns: whole files through `load`.
//! Must not know: how the parts are made.

use super::load::{Loaded, Options, load};
use crate::model::fake::FakeKind;
use crate::model::suite::Suite;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn loaded(start: &str, path: &str) -> Loaded {
    let env = [("ANTHROPIC_API_KEY".to_owned(), "k".to_owned())].into();
    load(&Options { paths: vec![path.into()], start: fixtures().join(start), seed: 1, env, ..Options::default() })
}

/// The only suite of a file that loads without any mistake.
fn sound(path: &str) -> Suite {
    let mut loaded = loaded("exhibits", path);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(&loaded.sources, false));
    loaded.suites.remove(0)
}

#[test]
fn the_first_exhibit_becomes_three_cases() {
    let suite = sound("1-first.yaml");
    let ids: Vec<_> = suite.cases.iter().map(|case| case.id.as_str()).collect();
    assert_eq!(
        ids,
        ["1-first::summarises_the_latest_email", "1-first::says_so_when_the_model_is_overloaded", "1-first::keeps_two_sessions_apart"]
    );
    let case = &suite.cases[0];
    assert_eq!(case.agent.protocol.name, "moltbot-gateway");
    assert_eq!(case.fakes.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["gog", "llm"]);
    assert!(matches!(case.fakes[1].1.kind, FakeKind::Model(_)));
    assert_eq!(case.steps.len(), 1);
    assert_eq!(case.expect.checks.len(), 4);
    assert_eq!(suite.cases[2].sessions, ["bob", "ana"]);
    assert_eq!(suite.cases[2].session, None);
}

#[test]
fn the_second_exhibit_becomes_two_cases() {
    let suite = sound("2-codex-exec.yaml");
    assert_eq!(suite.cases.len(), 2);
    assert_eq!(suite.cases[0].agent.protocol.name, "codex-exec");
    assert_eq!(suite.cases[0].only_if.len(), 1);
}

#[test]
fn the_third_exhibit_has_a_rubric_and_a_judge_of_its_project() {
    let suite = sound("3-dexter-wallets.yaml");
    let rubric = suite.cases[0].judge.as_ref().expect("it has one");
    let ids: Vec<_> = rubric.criteria.iter().map(|criterion| criterion.id.as_str()).collect();
    assert_eq!(ids, ["names_every_wallet_that_the_tool_returned", "names_a_wallet_that_the_tool_did_not_return"]);
    assert_eq!((rubric.is_positive(), rubric.settings.models[0].name.as_str()), (true, "fake"));
    assert!(suite.cases[0].positive, "it has other checks as well");
}

#[test]
fn the_fourth_exhibit_has_a_case_for_each_provider() {
    let suite = sound("4-core2.yaml");
    assert_eq!(suite.cases.len(), 4);
    assert_eq!(suite.cases[0].agent.protocol.name, "core2");
}

#[test]
fn the_other_exhibits_hold_no_mistake() {
    for file in ["5-codex-realtime.yaml", "6-email-injection.yaml"] {
        assert!(!sound(file).cases.is_empty(), "{file}");
    }
}

#[test]
fn the_drafts_hold_no_mistake() {
    for path in ["suites/codex-app-server.yaml", "suites/core2.yaml", "suites/gateway-wire.yaml", "suites/safety.yaml", "protocols"] {
        let loaded = loaded("drafts", path);
        assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render(&loaded.sources, false));
    }
}
