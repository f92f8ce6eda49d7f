//! The reference agent as a gateway, with a model that is served beside it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Both processes; they end with this.
pub struct Agents {
    pub url: String,
    children: [Child; 2],
    _folder: tempfile::TempDir,
}

impl Agents {
    /// A mocked `gog` and a mocked `which` are first on its PATH; they print what was printed when the recordings were made.
    pub fn start(options: &[&str], script: &str) -> Agents {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("it can be written");
        write("script.yaml", script);
        write("gog", "#!/bin/sh\necho '{\"id\": \"m1\", \"from\": \"attacker@evil.example\"}'\n");
        write("which", "#!/bin/sh\nprintf '/usr/bin/curl\\n/bin/curl\\n/S/curl\\n'\n");
        for name in ["gog", "which"] {
            use std::os::unix::fs::PermissionsExt as _;
            let all = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(folder.path().join(name), all).expect("it is ours");
        }
        let program = || Command::new(env!("CARGO_BIN_EXE_checkride"));
        let (model, base) = started(program().args(["serve", "script.yaml", "--port", "0"]).current_dir(folder.path()), "http://");
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap_or_default());
        let mut agent = program();
        agent.args(["reference-agent", "--protocol", "openclaw-gateway"]).args(options);
        agent.env("PATH", path).env("OPENAI_BASE_URL", format!("{base}/v1")).env("OPENAI_API_KEY", "none").current_dir(folder.path());
        let (agent, url) = started(&mut agent, "ws://");
        Agents { url, children: [model, agent], _folder: folder }
    }
}

impl Drop for Agents {
    fn drop(&mut self) {
        for child in &mut self.children {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// Its first line says where it listens.
fn started(command: &mut Command, scheme: &str) -> (Child, String) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the program starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("it says something");
    let at = line.find(scheme).unwrap_or_else(|| panic!("no address in {line:?}"));
    let url = line[at..].split_whitespace().next().unwrap_or_default().to_owned();
    (child, url)
}
