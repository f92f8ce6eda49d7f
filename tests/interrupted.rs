//! An interrupted run: everything ends at once, and nothing new begins. (A program of its own, since the interruption is the whole process's.)
#![cfg(target_os = "linux")]

use checkride::agent::{HomeSetup, RunDir, Tree, end_all, prepare_home, run_once, start};
use checkride::base::Span;
use checkride::model::agent::{Ready, ReadyHow};
use checkride::model::template::Nothing;
use checkride::recorder::Recorder;
use std::time::Duration;

#[tokio::test]
async fn all_agents_end_and_none_starts_any_more() {
    let run = RunDir::new().unwrap();
    let ready = Ready { how: ReadyHow::Connect, within: Duration::from_secs(30), span: Span::NONE };
    let (mut agents, mut trees, mut launches) = (vec![], vec![], vec![]);
    for key in ["1", "2"] {
        let case = run.case(key).unwrap();
        let setup = HomeSetup { case: &case, files: &[], env: &[], secrets: &[], bin: None, model: None, proxy_url: None, scope: &Nothing };
        let launch = prepare_home(&setup)
            .unwrap()
            .launch(["sh", "-c", "trap '' TERM INT; (setsid sleep 300 &); sleep 300"].map(str::to_owned).into());
        agents.push(start(&launch, &ready, None, &Recorder::new()).await.unwrap());
        trees.push(Tree::new(case.marker()));
        launches.push(launch);
    }
    end_all();
    assert!(trees.iter().all(|tree| tree.members().is_empty()));
    for agent in &agents {
        assert_eq!(agent.exited().await.signal, Some(9));
    }
    let refused = start(&launches[0], &ready, None, &Recorder::new()).await.err().unwrap();
    assert_eq!(refused.code, "interrupted");
    assert_eq!(run_once(&launches[0], Duration::from_secs(30)).await.unwrap_err().code, "interrupted");
    assert!(trees.iter().all(|tree| tree.members().is_empty()));
}
