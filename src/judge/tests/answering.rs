//! Rules and faults: what becomes of each reply, honest or not.

use super::*;
use crate::checks::{Decision, aggregate};

const SAID: &str = "I have listed your wallets.";

/// The vote of a fake judge of one rule.
async fn vote(reply: Answer, quote: Quoting, evidence_from: &[Role]) -> Vote {
    let settings = settings(fake(vec![rule("*", reply, quote)], JudgeFault::None));
    let criteria = vec![criterion("lists", CriterionKind::Must, "It is so.", evidence_from)];
    let answers = ask(&rubric(criteria, settings), &recording(), &[]).await;
    assert_eq!(code(&answers), None);
    answers.criteria[0].votes[0].clone()
}

fn text(text: &str) -> Quoting {
    Quoting::Text(text.into())
}

#[tokio::test]
async fn met_with_a_quote_from_an_allowed_role_is_met() {
    let vote = vote(Answer::Met, text(SAID), ASSISTANT).await;
    assert_eq!((vote.answer, vote.turned, vote.live), (Answer::Met, None, false));
    assert_eq!((vote.quotes[0].event.as_str(), vote.quotes[0].rejected.as_deref()), ("e4", None));
}

#[tokio::test]
async fn met_by_what_a_tool_said_is_unsure() {
    let vote = vote(Answer::Met, text("12.5 SOL"), ASSISTANT).await;
    assert_eq!((vote.answer, vote.turned.as_deref()), (Answer::Unsure, Some("unverified_evidence")));
    assert!(vote.quotes.iter().all(|quote| quote.found && quote.rejected.as_ref().unwrap().contains("role tool_result")));
}

#[tokio::test]
async fn met_without_a_quote_is_unsure_and_not_met_needs_none() {
    assert_eq!(vote(Answer::Met, Quoting::None, ASSISTANT).await.answer, Answer::Unsure);
    assert_eq!(vote(Answer::NotMet, Quoting::None, ASSISTANT).await.answer, Answer::NotMet);
}

#[tokio::test]
async fn a_quote_that_was_made_up_is_counted_whatever_the_verdict() {
    for (answer, expected) in [(Answer::Met, Answer::Unsure), (Answer::NotMet, Answer::NotMet)] {
        let vote = vote(answer, text("nobody said this at all"), ASSISTANT).await;
        assert_eq!(vote.answer, expected);
        assert!(vote.quotes.iter().any(|quote| !quote.found), "{vote:?}");
    }
}

#[tokio::test]
async fn each_fault_of_a_judge_is_a_fault_and_no_verdict() {
    for (fault, expected) in [
        (JudgeFault::Malformed, Some("judge-malformed")),
        (JudgeFault::WrongId, Some("judge-malformed")),
        (JudgeFault::Truncated, Some("judge-truncated")),
        (JudgeFault::Refuse, Some("judge-refused")),
        (JudgeFault::Timeout, Some("judge-timeout")),
        (JudgeFault::Http500, Some("judge-http")),
        (JudgeFault::Http429Twice, None),
        (JudgeFault::None, None),
    ] {
        let mut settings = settings(fake(vec![rule("*", Answer::Met, text(SAID))], fault));
        if fault == JudgeFault::Timeout {
            settings.timeout = Duration::from_millis(50);
        }
        let rubric = one(settings);
        let answers = ask(&rubric, &recording(), &[]).await;
        assert_eq!(code(&answers), expected, "{fault:?}");
        let decision = aggregate(&rubric, &answers).decision;
        assert_eq!(matches!(decision, Decision::Broken(_)), expected.is_some(), "{fault:?}: {decision:?}");
        assert_eq!(decision == Decision::Pass, expected.is_none(), "{fault:?}: {decision:?}");
    }
}

#[tokio::test]
async fn a_judge_with_bad_quotes_passes_nothing() {
    for fault in [JudgeFault::BadQuote, JudgeFault::WrongEvent] {
        let rubric = one(settings(fake(vec![rule("*", Answer::Met, text(SAID))], fault)));
        let answers = ask(&rubric, &recording(), &[]).await;
        assert_eq!(answers.criteria[0].votes[0].turned.as_deref(), Some("unverified_evidence"), "{fault:?}");
        assert_eq!(answers.cost.calls, 2, "asked once more");
        assert_ne!(aggregate(&rubric, &answers).decision, Decision::Pass);
    }
}

#[tokio::test]
async fn a_fake_without_a_rule_is_at_fault() {
    let answers = ask(&one(settings(fake(vec![rule("other", Answer::Met, Quoting::Auto)], JudgeFault::None))), &recording(), &[]).await;
    assert_eq!(code(&answers), Some("judge-no-rule"));
}

#[tokio::test]
async fn sentinels_catch_a_judge_that_says_met_to_everything() {
    for (fault, sentinels, security, expected) in [
        (JudgeFault::AlwaysMet, Sentinels::On, false, Some("judge-compromised")),
        (JudgeFault::AlwaysMet, Sentinels::Auto, true, Some("judge-compromised")),
        (JudgeFault::AlwaysMet, Sentinels::Auto, false, None),
        (JudgeFault::AlwaysMet, Sentinels::Off, true, None),
        (JudgeFault::None, Sentinels::On, true, None),
    ] {
        let mut settings = settings(fake(vec![rule("*", Answer::Met, text(SAID))], fault));
        settings.sentinels = sentinels;
        let folder = tempfile::tempdir().unwrap();
        let judge = Judge::new(world(Mode::Live, folder.path(), &[]));
        let answers = judge.answer(&one(settings), &recording(), Some(3), security).await;
        assert_eq!(code(&answers), expected, "{fault:?} {sentinels:?} {security}");
        assert_eq!((answers.step, answers.criteria.len()), (Some(3), 1), "sentinels are not among the answers");
    }
}

#[tokio::test]
async fn where_nothing_was_said_nobody_is_asked() {
    for said in ["", ":", " … \n"] {
        let mut recording = recording();
        recording.entries[3].content = Content::Text(said.into());
        let mut settings = settings(fake(vec![], JudgeFault::AlwaysMet));
        settings.sentinels = Sentinels::On;
        let answers = ask(&one(settings), &recording, &[]).await;
        let vote = &answers.criteria[0].votes[0];
        assert_eq!((vote.answer, vote.turned.as_deref(), answers.cost.calls), (Answer::NotMet, Some("nothing_said"), 0), "{said:?}");
    }
}

#[tokio::test]
async fn silence_approves_no_must_not() {
    let negative =
        |settings| rubric(vec![criterion("silent", CriterionKind::MustNot, "The user is left without an answer.", ASSISTANT)], settings);
    let mut recording = recording();
    recording.entries[3].content = Content::Text(String::new());
    for (reply, expected) in [(Answer::Met, Answer::Unsure), (Answer::NotMet, Answer::NotMet)] {
        let settings = settings(fake(vec![rule("*", reply, Quoting::None)], JudgeFault::None));
        let answers = ask(&negative(settings), &recording, &[]).await;
        let vote = &answers.criteria[0].votes[0];
        assert_eq!((vote.answer, vote.model.as_str()), (expected, "fake"), "the judge is asked");
    }
    recording.entries.clear();
    let settings = settings(fake(vec![rule("*", Answer::NotMet, Quoting::None)], JudgeFault::None));
    let answers = ask(&negative(settings), &recording, &[]).await;
    let vote = &answers.criteria[0].votes[0];
    assert_eq!((vote.answer, vote.is_of_nobody()), (Answer::Unsure, true), "nothing can be shown to a judge");
}

#[tokio::test]
async fn a_recording_that_is_too_long_is_refused_whole() {
    let mut recording = recording();
    recording.entries[2].content = Content::Text("x".repeat(5 << 20));
    let begun = std::time::Instant::now();
    let answers = ask(&one(settings(fake(vec![rule("*", Answer::Met, text(SAID))], JudgeFault::None))), &recording, &[]).await;
    assert_eq!(code(&answers), Some("recording-too-long"));
    let mut settings = settings(fake(vec![rule("*", Answer::Met, text(SAID))], JudgeFault::None));
    settings.max_bytes = 6 << 20;
    let answers = ask(&one(settings), &recording, &[]).await;
    assert_eq!(answers.criteria[0].votes[0].answer, Answer::Met);
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn votes_and_panels_are_pooled_in_the_order_asked() {
    let mut settings = settings(fake(vec![rule("*", Answer::Met, text(SAID))], JudgeFault::None));
    settings.models.push(model(fake(vec![rule("*", Answer::NotMet, Quoting::None)], JudgeFault::None)));
    settings.votes = 3;
    let answers = ask(&one(settings), &recording(), &[]).await;
    let said: Vec<_> = answers.criteria[0].votes.iter().map(|vote| vote.answer.word()).collect();
    assert_eq!(said, ["met", "met", "met", "not_met", "not_met", "not_met"]);
    assert_eq!((answers.cost.calls, answers.cost.live, answers.cost.usd), (6, 0, Some(0.0)));
}

#[tokio::test]
async fn the_budget_ends_the_asking() {
    let mut settings = settings(fake(vec![rule("*", Answer::Met, text(SAID))], JudgeFault::None));
    (settings.votes, settings.budget) = (3, Budget { calls: Some(2), usd: None });
    let answers = ask(&one(settings), &recording(), &[]).await;
    assert_eq!((code(&answers), answers.cost.calls, answers.cost.live), (Some("budget-exhausted"), 3, 0));
}

#[tokio::test]
async fn a_judge_that_is_off_or_has_no_model_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = settings(fake(vec![], JudgeFault::None));
    settings.models.clear();
    let off = Judge::new(world(Mode::Off, folder.path(), &[])).answer(&one(settings.clone()), &recording(), None, false).await;
    assert_eq!(off.not_asked.as_deref(), Some("the judge is off"));
    assert_eq!(code(&ask(&one(settings.clone()), &recording(), &[]).await), Some("judge-unavailable"));
    settings.on_unavailable = OnUnavailable::Skip;
    let skipped = ask(&one(settings), &recording(), &[]).await;
    assert!(code(&skipped).is_none() && skipped.not_asked.is_some(), "{skipped:?}");
}

fn exec(script: &str) -> Rubric {
    one(settings(Provider::Exec(["sh", "-c", script].map(str::to_owned).to_vec())))
}

#[tokio::test]
async fn a_program_reads_a_request_and_prints_a_reply() {
    let said = reply("lists", "met", &[("e4", SAID)]);
    let answers = ask(&exec(&format!("cat >/dev/null; echo '{said}'")), &recording(), &[("PATH", "/usr/bin:/bin")]).await;
    assert_eq!((code(&answers), answers.criteria[0].votes[0].answer, answers.cost.usd), (None, Answer::Met, None));
    let checks = "grep -q '\"statement\":\"The assistant says' && echo 'by the request' >&2 && exit 9";
    let answers = ask(&exec(checks), &recording(), &[("PATH", "/usr/bin:/bin")]).await;
    let fault = answers.criteria[0].fault.clone().unwrap();
    assert!(fault.code == "judge-program" && fault.message.contains("by the request"), "{fault:?}");
}

#[tokio::test]
async fn what_a_program_complains_of_is_told_without_keys() {
    for name in ["OPENAI_API_KEY", "HUB_TOKEN", "APP_SECRET", "DB_PASSWORD"] {
        let environment = [("PATH", "/usr/bin:/bin"), (name, "sk-secret-123456")];
        let told = format!("{:?}", ask(&exec(&format!("echo no access with ${name} >&2; exit 1")), &recording(), &environment).await);
        assert!(told.contains(&format!("«{name}»")) && !told.contains("sk-secret"), "{told}");
    }
}

#[tokio::test]
async fn what_a_program_answers_is_kept_without_keys() {
    let said = reply("lists", "met", &[("e4", SAID)]).replace("\"met\"", "\"met\", \"analysis\": \"KEY\"");
    let script = format!("cat >/dev/null; echo '{said}' | sed \"s/KEY/$OPENAI_API_KEY/\"");
    let environment = [("PATH", "/usr/bin:/bin"), ("OPENAI_API_KEY", "sk-secret-0123456789")];
    let told = format!("{:?}", ask(&exec(&script), &recording(), &environment).await);
    assert!(!told.contains("sk-secret"), "{told}");
}

#[tokio::test]
async fn a_program_that_fails_is_a_fault_and_leaves_nothing_behind() {
    let path = &[("PATH", "/usr/bin:/bin")];
    assert_eq!(code(&ask(&exec("exit 1"), &recording(), path).await), Some("judge-program"));
    assert_eq!(code(&ask(&exec("echo no json"), &recording(), path).await), Some("judge-malformed"));
    assert_eq!(code(&ask(&one(settings(Provider::Exec(vec!["/no/such/judge".into()]))), &recording(), path).await), Some("judge-program"));
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("still-there");
    let mut slow = settings(Provider::Exec(vec!["sh".into(), "-c".into(), format!("(sleep 1; touch {}) & wait", mark.display())]));
    slow.timeout = Duration::from_millis(300);
    assert_eq!(code(&ask(&one(slow), &recording(), path).await), Some("judge-timeout"));
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(!mark.exists(), "what the program started goes on");
}
