//! The lock: asked once, answered ever after; what it lacks, and what was done to it.

use super::*;
use crate::checks::aggregate;
use std::path::PathBuf;

const SAID: &str = "I have listed your wallets.";

/// A project with a program that judges, and that counts how often it was asked.
struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    fn new() -> Project {
        let project = Project { folder: tempfile::tempdir().unwrap() };
        project.is("cat >/dev/null; echo x >> asked; cat said");
        project.says(&reply("lists", "met", &[("e4", SAID)]));
        project
    }

    /// What its program is.
    fn is(&self, script: &str) {
        std::fs::write(self.folder.path().join("judge.sh"), script).unwrap();
    }

    /// What its program answers from now on.
    fn says(&self, reply: &str) {
        std::fs::write(self.folder.path().join("said"), reply).unwrap();
    }

    fn settings(&self) -> JudgeSettings {
        settings(Provider::Exec(vec!["sh".into(), "judge.sh".into()]))
    }

    fn lock(&self) -> PathBuf {
        self.folder.path().join("lock")
    }

    async fn ask(&self, mode: Mode, rubric: &Rubric, recording: &Recording) -> Answers {
        let environment = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into();
        let folder = self.folder.path().to_owned();
        Judge::new(JudgeWorld { mode, lock: self.lock(), folder, environment }).answer(rubric, recording, None, false).await
    }

    fn asked(&self) -> usize {
        std::fs::read_to_string(self.folder.path().join("asked")).unwrap_or_default().lines().count()
    }

    fn files(&self) -> Vec<PathBuf> {
        let listing = std::fs::read_dir(self.lock()).map(|files| files.flatten().map(|file| file.path()).collect());
        listing.unwrap_or_default()
    }
}

#[tokio::test]
async fn an_answer_is_asked_once_and_replayed_alike() {
    let project = Project::new();
    let rubric = one(project.settings());
    let first = project.ask(Mode::Auto, &rubric, &recording()).await;
    let second = project.ask(Mode::Auto, &rubric, &recording()).await;
    let third = project.ask(Mode::Replay, &rubric, &recording()).await;
    assert_eq!((project.asked(), project.files().len()), (1, 1));
    assert_eq!((first.cost.live, second.cost.live, third.cost.live, third.cost.usd), (1, 0, 0, Some(0.0)));
    assert_eq!(second, third);
    let live = |answers: &Answers| Vote { live: false, ..answers.criteria[0].votes[0].clone() };
    assert_eq!(live(&first), live(&third));
}

#[tokio::test]
async fn policy_can_be_changed_without_asking_again() {
    let project = Project::new();
    project.ask(Mode::Auto, &one(project.settings()), &recording()).await;
    let mut settings = project.settings();
    settings.threshold = Share { numerator: 1, denominator: 1 };
    settings.vote_rule = VoteRule::Veto;
    settings.on_unsure = OnUnsure::Warn;
    settings.budget = Budget { calls: Some(0), usd: None };
    settings.timeout = Duration::from_secs(1);
    let mut rubric = one(settings);
    rubric.criteria[0].kind = CriterionKind::ShouldNot;
    rubric.criteria[0].weight = 9;
    let answers = project.ask(Mode::Replay, &rubric, &recording()).await;
    assert_eq!((code(&answers), project.asked()), (None, 1));
    assert_eq!(aggregate(&rubric, &answers).decision, crate::checks::Decision::Fail);
}

#[tokio::test]
async fn live_neither_reads_nor_writes_and_record_asks_and_writes() {
    let project = Project::new();
    let rubric = one(project.settings());
    project.ask(Mode::Live, &rubric, &recording()).await;
    assert_eq!((project.asked(), project.files().len()), (1, 0));
    project.ask(Mode::Record, &rubric, &recording()).await;
    project.says(&reply("lists", "not_met", &[]));
    assert_eq!(project.ask(Mode::Replay, &rubric, &recording()).await.criteria[0].votes[0].answer, Answer::Met);
    project.ask(Mode::Record, &rubric, &recording()).await;
    assert_eq!(project.ask(Mode::Replay, &rubric, &recording()).await.criteria[0].votes[0].answer, Answer::NotMet);
    assert_eq!((project.asked(), project.files().len()), (3, 1));
}

/// What a miss says after this was changed.
async fn misses(change: impl FnOnce(&mut Rubric, &mut Recording), says: &str) {
    let project = Project::new();
    project.ask(Mode::Auto, &one(project.settings()), &recording()).await;
    let (mut rubric, mut recording) = (one(project.settings()), recording());
    change(&mut rubric, &mut recording);
    let answers = project.ask(Mode::Replay, &rubric, &recording).await;
    let fault = answers.criteria[0].fault.clone().unwrap_or_else(|| panic!("{says}: nothing was missed"));
    assert_eq!(fault.code, "lock-miss");
    assert!(fault.message.contains(says), "{says}: {}", fault.message);
    assert_eq!(project.asked(), 1, "a replay asks nobody");
}

fn changed(rubric: &mut Rubric, change: impl FnOnce(&mut JudgeSettings)) {
    let mut settings = (*rubric.settings).clone();
    change(&mut settings);
    rubric.settings = Arc::new(settings);
}

#[tokio::test]
async fn a_miss_names_what_differs() {
    misses(|_, recording| recording.entries[2].content = Content::Text("other".into()), "the recording changed at e3").await;
    misses(|_, recording| recording.entries.push(recording.entries[3].clone()), "the recording goes on after e4").await;
    misses(|_, recording| drop(recording.entries.remove(0)), "the recording changed at e1").await;
    misses(|rubric, _| rubric.criteria[0].statement.text = "Other.".into(), "the statement was \"The assistant says").await;
    misses(|rubric, _| rubric.criteria[0].id = "other".into(), "the id was `lists`, and is `other` now").await;
    misses(|rubric, _| rubric.criteria[0].evidence_from.push(Role::User), "the roles of `evidence_from` changed").await;
    misses(|rubric, _| changed(rubric, |settings| settings.temperature = Some(0.5)), "the temperature changed").await;
    misses(|rubric, _| changed(rubric, |settings| settings.max_output_tokens = 9), "max_output_tokens was 1500, and is 9 now").await;
    let other = || model(Provider::Exec(vec!["sh".into(), "other.sh".into()]));
    misses(|rubric, _| changed(rubric, |settings| settings.models = vec![other()]), "the model was exec/sh judge.sh, and is").await;
    let reference = || Statement { text: "Two wallets.".into(), template: None, has_data: false };
    misses(|rubric, _| rubric.reference = Some(reference()), "the reference changed").await;
    let unlike = |rubric: &mut Rubric, _: &mut Recording| {
        rubric.criteria[0].id = "other".into();
        rubric.criteria[0].statement.text = "Other.".into();
    };
    misses(unlike, "nor anything alike").await;
}

#[tokio::test]
async fn a_program_that_was_changed_is_another_judge() {
    let project = Project::new();
    let rubric = one(project.settings());
    project.ask(Mode::Auto, &rubric, &recording()).await;
    project.is("cat >/dev/null; echo x >> asked; cat said; true");
    let answers = project.ask(Mode::Replay, &rubric, &recording()).await;
    let fault = answers.criteria[0].fault.clone().unwrap();
    assert!(fault.code == "lock-miss" && fault.message.contains("program was changed"), "{fault:?}");
    project.ask(Mode::Auto, &rubric, &recording()).await;
    assert_eq!((project.asked(), project.files().len()), (2, 2));
}

#[tokio::test]
async fn an_entry_edited_by_hand_is_no_answer() {
    for (from, to) in [("\\\"met\\\"", "\\\"not_met\\\""), ("{", "["), ("\"created_at\": \"2", "\"created_at\": \"3")] {
        let project = Project::new();
        let rubric = one(project.settings());
        project.ask(Mode::Auto, &rubric, &recording()).await;
        let file = project.files().remove(0);
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
        for mode in [Mode::Replay, Mode::Auto] {
            let answers = project.ask(mode, &rubric, &recording()).await;
            assert_eq!(code(&answers), Some("lock-damaged"), "{from} {mode:?}");
            assert!(answers.criteria[0].votes.is_empty());
        }
        assert_eq!(project.asked(), 1);
    }
}

#[tokio::test]
async fn what_no_verdict_came_of_is_not_kept() {
    let project = Project::new();
    project.says("no json");
    let answers = project.ask(Mode::Auto, &one(project.settings()), &recording()).await;
    assert_eq!((code(&answers), project.files().len(), project.asked()), (Some("judge-malformed"), 0, 2));
}

#[tokio::test]
async fn a_vote_with_a_second_try_is_replayed_with_both() {
    let project = Project::new();
    project.says(&reply("lists", "met", &[("e4", "words that were never said")]));
    let rubric = one(project.settings());
    let first = project.ask(Mode::Auto, &rubric, &recording()).await;
    let again = project.ask(Mode::Replay, &rubric, &recording()).await;
    assert_eq!((project.asked(), project.files().len(), again.cost.calls, again.cost.live), (2, 2, 2, 0));
    assert_eq!(first.criteria[0].votes[0].turned, again.criteria[0].votes[0].turned);
    assert_eq!(again.criteria[0].votes[0].answer, Answer::Unsure);
}

#[tokio::test]
async fn a_second_try_is_replayed_after_the_same_first_one_alone() {
    let project = Project::new();
    let rubric = one(project.settings());
    project.says(&reply("lists", "met", &[("e4", "words that were never said")]));
    project.ask(Mode::Auto, &rubric, &recording()).await;
    let tries = project.files();
    let first = tries.iter().find(|file| std::fs::read_to_string(file).unwrap().contains("\"reask_index\": 0")).unwrap();
    std::fs::remove_file(first).unwrap();
    project.says(&reply("lists", "met", &[("e4", "other words that were never said")]));
    project.ask(Mode::Auto, &rubric, &recording()).await;
    assert_eq!((tries.len(), project.asked()), (2, 4), "the second try of the old conversation was taken for that of the new one");
}

/// What a judge says who has what is in the lock, and this environment.
async fn replayed(project: &Project, rubric: &Rubric, environment: &[(&str, &str)]) -> Answers {
    Judge::new(world(Mode::Replay, &project.lock(), environment)).answer(rubric, &recording(), None, false).await
}

#[tokio::test]
async fn an_answer_of_another_server_is_none_where_the_name_of_the_model_does_not_say_who_serves_it() {
    let chat = Provider::Chat("llama-3".into());
    let at = |url: &str| super::super::world::host(&chat, &[("OPENAI_BASE_URL".to_owned(), url.to_owned())].into());
    for own in ["", " ", "https://api.openai.com/v1", "https://api.openai.com/v1/", "no address"] {
        assert_eq!(at(own), None, "{own}");
    }
    assert_eq!(at("http://user:secret@LLM.example/v1").as_deref(), Some("llm.example"));
    assert_eq!(at("http://127.0.0.1:8000/v1").as_deref(), Some("127.0.0.1:8000"));
    let environment = [("OPENAI_BASE_URL".to_owned(), "http://llm.example".to_owned())].into();
    assert_eq!(super::super::world::host(&Provider::OpenAi("gpt".into()), &environment), None, "it is the same behind a gateway");

    let project = Project::new();
    project.ask(Mode::Auto, &one(project.settings()), &recording()).await;
    // The same entry, as a server for chat completions would have given it.
    let file = project.files().remove(0);
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(file).unwrap();
    let mut entry: crate::judge::lock::Entry = serde_json::from_str(&text).unwrap();
    (entry.asked.provider, entry.asked.model, entry.asked.host) = ("chat".into(), "llama-3".into(), Some("llm.example".into()));
    entry.asked.program_sha256 = None;
    crate::judge::lock::Lock::new(project.lock()).put(&entry.sealed()).unwrap();
    let rubric = one(settings(chat.clone()));
    let there = replayed(&project, &rubric, &[("OPENAI_BASE_URL", "https://llm.example/v1")]).await;
    assert_eq!((code(&there), there.criteria[0].votes[0].answer), (None, Answer::Met));
    for environment in [&[][..], &[("OPENAI_BASE_URL", "https://other.example/v1")]] {
        let elsewhere = replayed(&project, &rubric, environment).await;
        let fault = elsewhere.criteria[0].fault.clone().unwrap();
        assert!(fault.code == "lock-miss" && fault.message.contains("it was asked at llm.example"), "{fault:?}");
    }
}

#[tokio::test]
async fn a_fake_is_asked_in_every_mode_and_never_kept() {
    let project = Project::new();
    let rubric = one(settings(fake(vec![rule("*", Answer::Met, Quoting::Text(SAID.into()))], JudgeFault::None)));
    for mode in [Mode::Replay, Mode::Auto, Mode::Live, Mode::Record] {
        let answers = project.ask(mode, &rubric, &recording()).await;
        assert_eq!((answers.criteria[0].votes[0].answer, project.files().len()), (Answer::Met, 0), "{mode:?}");
    }
}
