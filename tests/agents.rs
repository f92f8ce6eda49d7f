//! Launched agents with real processes: small shell scripts that behave well, badly, or not at all.
#![cfg(target_os = "linux")]

use checkride::agent::{
    Canary, CaseDir, Home, HomeSetup, Launch, RunDir, RunningAgent, Tree, prepare_home, read_version, run_once, start, version_launch,
};
use checkride::base::Span;
use checkride::fakes::command::{Mocks, prepare};
use checkride::model::agent::{FileSource, Ready, ReadyHow, Stop, StopSignal, VersionProbe};
use checkride::model::fake::{CommandFake, CommandRule, CommandWhen, Otherwise};
use checkride::model::pattern::{Fold, TextRegex};
use checkride::model::suite::Secret;
use checkride::model::template::{Nothing, Scope};
use checkride::model::trace::{Blame, Problem, What};
use checkride::model::tree::Node;
use checkride::recorder::Recorder;
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

const LONG: Duration = Duration::from_secs(30);
const TERM: Stop = Stop { signal: StopSignal::Term, grace: Duration::from_secs(20) };

fn node(value: Value) -> Arc<Node> {
    Node::from_value(Span::NONE, &value)
}

fn regex(source: &str) -> TextRegex {
    TextRegex { source: source.into(), regex: Arc::new(regex::Regex::new(source).expect("a valid regex")), fold: Fold::default() }
}

fn log(source: &str) -> Ready {
    Ready { how: ReadyHow::Log(regex(source)), within: LONG, span: Span::NONE }
}

fn at_once() -> Ready {
    Ready { how: ReadyHow::Connect, within: LONG, span: Span::NONE }
}

/// A case with a home and, perhaps, a mocked `gog`.
struct World {
    case: CaseDir,
    mocks: Option<Mocks>,
    recorder: Recorder,
    _run: RunDir,
}

impl World {
    fn new() -> World {
        let run = RunDir::new().expect("a temporary folder can be made");
        World { case: run.case("1").expect("it is empty"), mocks: None, recorder: Recorder::new(), _run: run }
    }

    fn mocking(names: &[&str]) -> World {
        let world = World::new();
        let rule = CommandRule { span: Span::NONE, when: CommandWhen::Always, answers: vec![], sequence: false };
        let fake = CommandFake { rules: vec![rule], otherwise: Otherwise::Fail };
        let fakes: Vec<_> = names.iter().map(|name| ((*name).to_owned(), &fake)).collect();
        let mocks = prepare(&world.case.mocks, env!("CARGO_BIN_EXE_checkride").as_ref(), &fakes, &Nothing).expect("the rules are right");
        World { mocks: Some(mocks), ..world }
    }

    fn home(&self, files: &[(&str, &str)], env: &[(&str, Value)]) -> Home {
        self.try_home(files, env, &[], &Nothing).expect("the home is right")
    }

    fn try_home(&self, files: &[(&str, &str)], env: &[(&str, Value)], secrets: &[Secret], scope: &dyn Scope) -> Result<Home, Problem> {
        let files: Vec<_> = files.iter().map(|(path, text)| ((*path).to_owned(), FileSource::Text(node(json!(text))))).collect();
        let env: Vec<_> = env.iter().map(|(name, value)| ((*name).to_owned(), node(value.clone()))).collect();
        prepare_home(&HomeSetup {
            case: &self.case,
            files: &files,
            env: &env,
            secrets,
            bin: self.mocks.as_ref().map(Mocks::bin),
            model: Some(("http://127.0.0.1:9/k/llm", checkride::model::fake::Vendor::Openai)),
            proxy_url: Some("http://127.0.0.1:10"),
            ca_file: None,
            scope,
        })
    }

    fn script(&self, script: &str) -> Launch {
        self.home(&[], &[]).launch(["/bin/sh", "-c", script].map(str::to_owned).into())
    }

    async fn run(&self, script: &str) -> String {
        run_once(&self.script(script), LONG).await.expect("sh runs").stdout
    }

    async fn start(&self, script: &str, ready: &Ready) -> Result<RunningAgent, Problem> {
        start(&self.script(script), ready, None, &self.recorder).await
    }

    /// How many processes of the case live.
    fn living(&self) -> usize {
        // A look with a guard that must not kill would be another way to end them; so look first, then let it kill.
        Tree::new(self.case.marker()).members().len()
    }

    fn whats(&self) -> Vec<What> {
        self.recorder.read(0, |records| records.iter().map(|record| record.what.clone()).collect())
    }

    fn logged(&self) -> Vec<String> {
        let line = |what| match what {
            What::Log { line, .. } => Some(line),
            _ => None,
        };
        self.whats().into_iter().filter_map(line).collect()
    }
}

// --- home and environment ---

#[tokio::test]
async fn the_environment_holds_what_was_said_and_nothing_else() {
    let world = World::new();
    let home = world
        .home(&[], &[("RUST_LOG", json!("warn")), ("N", json!(5)), ("ANTHROPIC_API_KEY", Value::Null), ("OPENAI_API_KEY", json!("own"))]);
    let printed = run_once(&home.launch(vec!["env".to_owned()]), LONG).await.unwrap().stdout;
    let has = |line: &str| printed.lines().any(|printed| printed == line);
    let dir = world.case.home.display();
    for line in [
        format!("HOME={dir}"),
        format!("CHECKRIDE_CASE={}", world.case.marker()),
        "RUST_LOG=warn".to_owned(),
        "N=5".to_owned(),
        "OPENAI_API_KEY=own".to_owned(),
        "OPENAI_BASE_URL=http://127.0.0.1:9/k/llm/v1".to_owned(),
        "ANTHROPIC_BASE_URL=http://127.0.0.1:9/k/llm".to_owned(),
        "HTTPS_PROXY=http://127.0.0.1:10".to_owned(),
        "http_proxy=http://127.0.0.1:10".to_owned(),
        "no_proxy=127.0.0.1,localhost,::1".to_owned(),
    ] {
        assert!(has(&line), "{line} is not in\n{printed}");
    }
    for absent in ["ANTHROPIC_API_KEY=", "CARGO", "RUST_BACKTRACE="] {
        assert!(!printed.lines().any(|line| line.starts_with(absent)), "{absent} is in\n{printed}");
    }
}

#[test]
fn files_and_secrets_lie_where_they_were_told() {
    let world = World::new();
    let secret = |name: &str, file: Option<&str>, env: Option<&str>| Secret {
        name: name.into(),
        file: file.map(Into::into),
        env: env.map(Into::into),
    };
    let secrets = [secret("key", Some(".ssh/id_rsa"), None), secret("api", None, Some("API"))];
    let scope: IndexMap<String, Value> = [("secrets".to_owned(), json!({"key": "k-1", "api": "a-1"}))].into();
    let home = world.try_home(&[("codex/config.toml", "x = 1")], &[], &secrets, &scope).unwrap();
    let read = |path: &str| std::fs::read_to_string(home.dir.join(path)).unwrap();
    assert_eq!((read("codex/config.toml").as_str(), read(".ssh/id_rsa").as_str()), ("x = 1", "k-1"));
    assert_eq!(home.dir.join(".ssh/id_rsa").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(home.env.contains(&("API".to_owned(), "a-1".to_owned())));
    assert!(home.before.changed().is_empty(), "what checkride wrote is no change");
}

#[test]
fn a_file_cannot_be_put_outside_the_home() {
    for path in ["../x", "/etc/x", "a/../../x", ""] {
        let problem = World::new().try_home(&[(path, "")], &[], &[], &Nothing).unwrap_err();
        assert_eq!(problem.blame, Some(Blame::Suite), "{path}");
    }
}

#[test]
fn what_cannot_be_a_variable_is_refused() {
    for (name, value) in [("A=B", json!("x")), ("", json!("x")), ("A", json!({"a": 1})), ("A", json!("x\0y"))] {
        assert!(World::new().try_home(&[], &[(name, value)], &[], &Nothing).is_err(), "{name}");
    }
}

// --- mocks first ---

#[tokio::test]
async fn every_shell_finds_the_mock_first() {
    let world = World::mocking(&["gog", "env"]);
    let home = world.home(&[], &[]);
    let names = ["gog".to_owned(), "env".to_owned()];
    let bin = world.mocks.as_ref().unwrap().bin();
    Canary::default().prove(&home, bin, &names).await.unwrap();
    for shell in [["/bin/sh", "-c"], ["/bin/bash", "-c"], ["/bin/bash", "-lc"], ["/bin/bash", "-ic"], ["/bin/sh", "-lc"]] {
        let launch = home.launch([shell[0], shell[1], "command -v gog env"].map(str::to_owned).into());
        let printed = run_once(&launch, LONG).await.unwrap().stdout;
        assert_eq!(printed.lines().next(), bin.join("gog").to_str(), "{shell:?}");
    }
}

#[tokio::test]
async fn a_profile_that_hides_the_mock_is_found_out() {
    let world = World::mocking(&["gog"]);
    let bin = world.mocks.as_ref().unwrap().bin();
    let hiding =
        [(".bash_profile", "mkdir -p other; printf '#!/bin/sh\\n' > other/gog; chmod +x other/gog; alias gog=nothing; gog() { :; }")];
    let home = world.home(&hiding, &[]);
    assert!(home.own_profiles);
    let problem = Canary::default().prove(&home, bin, &["gog".to_owned()]).await.unwrap_err();
    assert_eq!((problem.blame, problem.code.as_str()), (Some(Blame::Suite), "mock-not-first"));
    assert!(problem.message.contains("bash -lc"), "{}", problem.message);
}

#[tokio::test]
async fn a_shell_builtin_cannot_be_mocked_and_the_canary_tells() {
    let world = World::mocking(&["echo"]);
    let problem =
        Canary::default().prove(&world.home(&[], &[]), world.mocks.as_ref().unwrap().bin(), &["echo".to_owned()]).await.unwrap_err();
    assert_eq!(problem.blame, Some(Blame::Suite));
    assert!(problem.message.contains("part of the shell"), "{}", problem.message);
}

#[tokio::test]
async fn a_mock_that_is_not_there_is_found_out() {
    let world = World::mocking(&["gog"]);
    let bin = world.mocks.as_ref().unwrap().bin();
    let problem = Canary::default().prove(&world.home(&[], &[]), bin, &["gog".to_owned(), "gone-tool".to_owned()]).await.unwrap_err();
    assert!(problem.message.contains("`gone-tool` is not there"), "{}", problem.message);
}

// --- start and readiness ---

#[tokio::test]
async fn a_line_makes_it_ready_and_its_groups_are_kept() {
    let world = World::new();
    let ready = log(r"listening on (?<url>\S+) as (?<id>\d+)");
    let agent = world.start("echo hello; echo listening on ws://127.0.0.1:5/ as 7 >&2; sleep 300", &ready).await.unwrap();
    assert_eq!(agent.url.as_deref(), Some("ws://127.0.0.1:5/"));
    assert_eq!(agent.captures.get("id").map(String::as_str), Some("7"));
    agent.stop(TERM).await;
    assert_eq!(world.living(), 0);
    assert!(world.whats().contains(&What::Exit { code: None, signal: None }), "it was ended by checkride");
}

#[tokio::test]
async fn a_port_makes_it_ready() {
    let world = World::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/x", listener.local_addr().unwrap());
    let agent = start(&world.script("sleep 300"), &at_once(), Some(&url), &world.recorder).await.unwrap();
    assert_eq!(agent.url, Some(url));
}

#[tokio::test]
async fn who_answers_in_place_of_an_agent_that_has_ended_is_not_the_agent() {
    let world = World::new();
    let address = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).unwrap();
    // Somebody holds its output, so that its end is not told yet when the stranger comes.
    let (launch, url) = (world.script("sleep 300 & echo $$; exit 4"), format!("ws://{address}"));
    let stranger = async {
        let gone = || world.logged().first().is_some_and(|pid| !Path::new("/proc").join(pid).exists());
        while !gone() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        std::net::TcpListener::bind(address).unwrap()
    };
    let ready = at_once();
    let (started, _listener) = tokio::join!(start(&launch, &ready, Some(&url), &world.recorder), stranger);
    let problem = started.err().expect("it is not the agent");
    assert_eq!((problem.code.as_str(), problem.message.as_str()), ("agent-exited", "`/bin/sh` ended before it was ready (exit status 4)"));
}

#[tokio::test]
async fn an_answer_of_2xx_makes_it_ready() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let world = World::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        for status in ["503 No", "503 No", "204 Yes"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let count = stream.read(&mut request).await.unwrap();
            assert!(request[..count].starts_with(b"GET /health HTTP/1.1"));
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
        }
    });
    let ready = Ready { how: ReadyHow::Http("/health".to_owned()), ..at_once() };
    start(&world.script("sleep 300"), &ready, Some(&url), &world.recorder).await.unwrap().stop(TERM).await;
    serving.await.unwrap();
}

async fn refused(world: &World, script: &str, ready: &Ready) -> Problem {
    let problem = world.start(script, ready).await.err().expect("it must not start");
    assert_eq!((problem.blame, world.living()), (Some(Blame::AgentStart), 0));
    problem
}

#[tokio::test]
async fn an_agent_that_exits_at_once_is_told_with_its_last_words() {
    let problem = refused(&World::new(), "for i in 1 2 3; do echo line $i; done; echo no config >&2; exit 3", &log("never")).await;
    assert_eq!(problem.code, "agent-exited");
    assert!(problem.message.contains("exit status 3"), "{}", problem.message);
    assert!(problem.details.contains(&"no config".to_owned()) && problem.details.contains(&"line 3".to_owned()), "{:?}", problem.details);
}

#[tokio::test]
async fn an_agent_that_never_gets_ready_is_told_and_ended() {
    let ready = Ready { within: Duration::from_millis(300), ..log("up and (running)") };
    let problem = refused(&World::new(), "echo starting; sleep 300 & sleep 300", &ready).await;
    assert_eq!(problem.code, "agent-not-ready");
    assert!(problem.message.contains("no line of its output matched /up and (running)/ within 300ms"), "{}", problem.message);
    assert_eq!(problem.details, ["starting"]);
}

#[tokio::test]
async fn an_agent_that_closes_its_output_and_waits_is_not_ready() {
    let ready = Ready { within: Duration::from_millis(300), ..log("up") };
    assert_eq!(refused(&World::new(), "exec >&- 2>&-; sleep 300", &ready).await.code, "agent-not-ready");
}

#[tokio::test]
async fn a_port_that_nobody_opens_is_told() {
    let world = World::new();
    let ready = Ready { within: Duration::from_millis(300), ..at_once() };
    let problem = start(&world.script("sleep 300"), &ready, Some("ws://127.0.0.1:1"), &world.recorder).await.err().unwrap();
    assert!(problem.message.contains("`ws://127.0.0.1:1` took no connection"), "{}", problem.message);
}

#[tokio::test]
async fn a_program_that_is_missing_is_told_with_the_path_and_a_guess() {
    let world = World::new();
    let launch = world.home(&[], &[("PATH", json!("/usr/bin:/bin"))]).launch(vec!["slepe".to_owned()]);
    let problem = start(&launch, &at_once(), None, &world.recorder).await.err().unwrap();
    assert_eq!((problem.code.as_str(), problem.blame), ("program-missing", Some(Blame::AgentStart)));
    assert_eq!(problem.details, ["searched: /usr/bin:/bin", "did you mean `sleep`?"]);
}

#[tokio::test]
async fn what_is_no_program_is_told() {
    let world = World::new();
    let home = world.home(&[("plain.sh", "#!/bin/sh\n"), ("nothing", "what?"), ("bad.sh", "#!/no/such/interpreter\n")], &[]);
    for name in ["nothing", "bad.sh"] {
        std::fs::set_permissions(home.dir.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    for (name, says) in
        [("./plain.sh", "may be run"), ("./none.sh", "is not there"), ("./nothing", "cannot start"), ("./bad.sh", "interpreter")]
    {
        let problem = start(&home.launch(vec![name.to_owned()]), &at_once(), None, &world.recorder).await.err().unwrap();
        let text = format!("{} {:?}", problem.message, problem.details);
        assert!(text.contains(says), "{name}: {text}");
    }
}

// --- while it runs, and its end ---

#[tokio::test]
async fn an_agent_that_dies_is_noticed_with_its_status() {
    let world = World::new();
    let agent = world.start("echo up; read x < /dev/null; echo bye; exit 7", &log("up")).await.unwrap();
    assert_eq!(agent.exited().await.code, Some(7));
    assert_eq!(world.logged(), ["up", "bye"], "its last words come before its end");
    assert!(matches!(world.whats().last(), Some(What::Exit { code: Some(7), signal: None })));
    agent.stop(TERM).await;
    let exits = world.whats().iter().filter(|what| matches!(what, What::Exit { .. })).count();
    assert_eq!(exits, 1);
}

#[tokio::test]
async fn an_agent_killed_by_a_signal_is_noticed() {
    let world = World::new();
    let agent = world.start("echo up; kill -SEGV $$", &log("up")).await.unwrap();
    assert_eq!(agent.exited().await.signal, Some(11));
}

#[tokio::test]
async fn a_signal_lets_it_say_goodbye() {
    let world = World::new();
    // As every run does: what is caught here has its default in the agent, even where a shell that runs us in the background ignores it.
    let _caught = signal(SignalKind::interrupt()).unwrap();
    let agent = world.start("trap 'echo goodbye; exit 0' INT; echo up; while :; do sleep 0.05; done", &log("up")).await.unwrap();
    agent.stop(Stop { signal: StopSignal::Int, ..TERM }).await;
    assert!(world.logged().contains(&"goodbye".to_owned()), "{:?}", world.logged());
}

#[tokio::test]
async fn one_that_ignores_the_signal_is_killed_after_its_grace() {
    let world = World::new();
    let agent = world.start("trap '' TERM; echo up; while :; do sleep 0.05; done", &log("up")).await.unwrap();
    let begin = Instant::now();
    agent.stop(Stop { grace: Duration::from_millis(200), ..TERM }).await;
    assert!(begin.elapsed() >= Duration::from_millis(200) && begin.elapsed() < LONG);
    assert_eq!(world.living(), 0);
}

#[tokio::test]
async fn daemons_and_their_children_end_with_the_case() {
    let world = World::new();
    // A fork into a session of its own that ignores signals, its child, one that wiped its environment, and an ordinary child.
    let script = "mkfifo f; exec 3<>f; \
        (setsid sh -c 'trap \"\" TERM HUP INT; sleep 300 & echo daemon; sleep 300' >&3 2>&1 &); \
        (env -i setsid sh -c 'echo wiped; exec sleep 301' >&3 2>&1 &); sleep 302 & \
        read a <&3; read b <&3; echo up; wait";
    let agent = world.start(script, &log("up")).await.unwrap();
    assert!(world_members(&world) >= 4);
    agent.stop(TERM).await;
    assert_eq!(world.living(), 0);
    assert!(!world.whats().iter().any(|what| matches!(what, What::Problem(_))));
}

/// Counts without ending them.
fn world_members(world: &World) -> usize {
    let marker = format!("CHECKRIDE_CASE={}", world.case.marker());
    let numbers = std::fs::read_dir("/proc").expect("linux").flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let environ = |number| std::fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
    numbers.filter(|number| environ(*number).split(|byte| *byte == 0).any(|variable| variable == marker.as_bytes())).count()
}

#[tokio::test]
async fn a_case_that_is_dropped_leaves_nothing() {
    let world = World::new();
    let agent = world.start("(setsid sleep 300 &); echo up; sleep 300", &log("up")).await.unwrap();
    assert!(world_members(&world) >= 2);
    drop(agent);
    assert_eq!(world_members(&world), 0);
}

#[tokio::test]
async fn a_start_that_is_cancelled_leaves_nothing() {
    let world = World::new();
    let cancelled = tokio::time::timeout(Duration::from_millis(200), world.start("sleep 300", &log("never"))).await;
    assert!(cancelled.is_err());
    assert_eq!(world_members(&world), 0);
}

#[tokio::test]
async fn a_flood_neither_hangs_nor_fills_the_trace() {
    let world = World::new();
    let script = "echo up; yes checkride | head -c 199000000; head -c 1000000 /dev/zero; echo; echo last words; exit 5";
    let agent = world.start(script, &log("up")).await.unwrap();
    assert_eq!(agent.exited().await.code, Some(5));
    assert_eq!(agent.last_lines().last().map(String::as_str), Some("last words"));
    agent.stop(TERM).await;
    let recorded: usize = world.logged().iter().map(String::len).sum();
    assert!(recorded <= 4 << 20, "{recorded}");
    let note = |what: &What| matches!(what, What::Note { message } if message.contains("were not recorded"));
    assert!(world.whats().iter().any(note));
}

#[tokio::test]
async fn binary_output_is_recorded_as_well_as_may_be() {
    let world = World::new();
    let agent = world.start("printf 'a\\377b\\000c\\n'; echo up", &log("up")).await.unwrap();
    agent.exited().await;
    assert_eq!(world.logged(), ["a\u{fffd}b\0c", "up"]);
}

// --- once ---

#[tokio::test]
async fn a_command_is_run_once_in_the_agents_environment() {
    let world = World::new();
    assert_eq!(world.run("pwd; echo $HOME").await, format!("{0}\n{0}\n", world.case.home.display()));
    let finished = run_once(&world.script("echo no >&2; exit 4"), LONG).await.unwrap();
    assert_eq!(finished.to_value(), json!({"exit": 4, "stdout": "", "stderr": "no\n"}));
    assert_eq!(run_once(&world.script("kill -9 $$"), LONG).await.unwrap().exit, 137);
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_ended() {
    let world = World::new();
    let problem = run_once(&world.script("echo begun; sleep 300"), Duration::from_millis(200)).await.unwrap_err();
    assert_eq!((problem.code.as_str(), problem.details[0].as_str()), ("command-timeout", "begun\n"));
    let begin = Instant::now();
    while world_members(&world) > 0 {
        assert!(begin.elapsed() < LONG, "it lives on");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_it_leaves_in_the_background_is_not_waited_for() {
    let world = World::new();
    let begin = Instant::now();
    assert_eq!(world.run("sleep 300 & echo done").await, "done\n");
    assert!(begin.elapsed() < LONG);
    assert_eq!(world_members(&world), 1);
    drop(Tree::new(world.case.marker()));
    assert_eq!(world_members(&world), 0);
}

async fn version_of(script: &str) -> Result<String, Problem> {
    let world = World::new();
    let command = ["sh", "-c", script].map(|word| node(json!(word))).into();
    let probe = VersionProbe { span: Span::NONE, command, matches: regex(r"tool (\S+)") };
    let launch = version_launch(&world.case, &[("X".to_owned(), node(json!("1.9")))], &probe, &Nothing)?;
    read_version(&probe, &launch, LONG).await.map(|version| version.to_string())
}

#[tokio::test]
async fn a_version_is_read_from_either_output() {
    assert_eq!(version_of("echo tool v0.121.0-alpha.1").await.unwrap(), "0.121.0-alpha.1");
    assert_eq!(version_of("echo tool $X >&2").await.unwrap(), "1.9.0");
}

#[tokio::test]
async fn an_unreadable_version_is_an_error() {
    for (script, says) in [("echo other 1.2", "does not match /tool (\\S+)/"), ("echo tool new", "`new`"), ("exit 1", "exit 1")] {
        let problem = version_of(script).await.unwrap_err();
        assert!(problem.code == "version-unreadable" && problem.message.contains(says), "{}", problem.message);
    }
}

#[tokio::test]
async fn a_copied_program_can_be_started_while_others_are_written() {
    // Writing a program and starting it at once, many at a time, meets "text file busy" if nothing is done about it.
    let starts = (0..40).map(|_| async {
        let world = World::new();
        let program = FileSource::Copy { path: Path::new("/bin/true").to_path_buf() };
        let setup = HomeSetup {
            case: &world.case,
            files: &[("p".to_owned(), program)],
            env: &[],
            secrets: &[],
            bin: None,
            model: None,
            proxy_url: None,
            ca_file: None,
            scope: &Nothing,
        };
        let home = prepare_home(&setup).expect("the home is right");
        run_once(&home.launch(vec!["./p".to_owned()]), LONG).await.map(|finished| finished.exit)
    });
    let exits = futures_util::future::join_all(starts).await;
    assert!(exits.iter().all(|exit| *exit == Ok(0)), "{exits:?}");
}
