//! The program that an agent starts as an MCP server over stdio: this very binary, which hands lines on to the fake.
//!
//! Owns: the links and their plan, finding the fake by the name the program was started as, handing bytes on both ways.
//! Must not know: what a line means.

use super::stream::UPGRADE;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::io::{self, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};

/// What tells the plan of bridges from any other file of that name.
const MARK: &str = "checkride mcp bridges 1";
/// A link to a link to … a bridge is followed this far.
const LINKS: usize = 8;

/// The file `plan.json` beside the links.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// Always [`MARK`].
    plan: String,
    /// The URL of the fake behind each link.
    bridges: IndexMap<String, String>,
}

/// Where the program of a fake lies, below the folder that its case has for them: `{{wallets.command}}`.
pub fn command(dir: &Path, fake: &str) -> PathBuf {
    dir.join("bin").join(file_name(fake))
}

/// A fake's name may hold what no file's name may.
fn file_name(fake: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match !fake.is_empty() && fake.chars().all(plain) {
        true => fake.to_owned(),
        false => format!("x{}", fake.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()),
    }
}

/// Makes the links of a case's fakes, given by name and URL.
pub fn prepare(dir: &Path, checkride: &Path, fakes: &[(&str, String)]) -> io::Result<()> {
    let (checkride, bin) = (std::fs::canonicalize(checkride)?, dir.join("bin"));
    // A shared agent's links are made anew for each case.
    if bin.exists() {
        std::fs::remove_dir_all(&bin)?;
    }
    std::fs::create_dir_all(&bin)?;
    let bridges = fakes.iter().map(|(name, url)| (file_name(name), url.clone())).collect();
    std::fs::write(dir.join("plan.json"), serde_json::to_vec(&Plan { plan: MARK.to_owned(), bridges })?)?;
    fakes.iter().try_for_each(|(name, _)| std::os::unix::fs::symlink(&checkride, command(dir, name)))
}

/// If this process was started as a bridge, hands lines on until one side ends, and gives its exit code.
pub fn run_as(started_as: &Path) -> Option<i32> {
    let url = find(started_as)?;
    Some(match hand_on(&url) {
        Ok(()) => 0,
        Err(error) => {
            let _ = writeln!(io::stderr(), "checkride: the fake at {url} cannot be reached: {error}");
            1
        }
    })
}

fn find(started_as: &Path) -> Option<String> {
    let mut path = started_as.to_path_buf();
    for _ in 0..LINKS {
        if let Some(url) = at(&path) {
            return Some(url);
        }
        let target = std::fs::read_link(&path).ok()?;
        path = path.parent()?.join(target);
    }
    None
}

fn at(path: &Path) -> Option<String> {
    let plan = std::fs::read(path.parent()?.parent()?.join("plan.json")).ok()?;
    let mut plan: Plan = serde_json::from_slice(&plan).ok()?;
    plan.bridges.shift_remove(path.file_name()?.to_str()?).filter(|_| plan.plan == MARK)
}

fn hand_on(url: &str) -> io::Result<()> {
    let (address, path) = url.strip_prefix("http://").and_then(|rest| rest.split_once('/')).ok_or_else(|| io::Error::other("no URL"))?;
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    write!(socket, "GET /{path} HTTP/1.1\r\nhost: {address}\r\nconnection: upgrade\r\nupgrade: {UPGRADE}\r\n\r\n")?;
    let mut answers = BufReader::new(socket.try_clone()?);
    agreed(&mut answers)?;
    // Nobody waits for this thread: it ends with its input, or with the process when the fake has ended.
    std::thread::spawn(move || {
        let _ = copy(&mut io::stdin().lock(), &mut socket);
        let _ = socket.shutdown(Shutdown::Write);
    });
    // An agent that reads no more, or a fake that is gone, ends the conversation like any other end.
    let _ = copy(&mut answers, &mut io::stdout().lock());
    Ok(())
}

/// Reads the head of the server's answer.
fn agreed(answers: &mut impl io::BufRead) -> io::Result<()> {
    let mut status = String::new();
    answers.read_line(&mut status)?;
    let mut line = String::new();
    while answers.read_line(&mut line)? > 2 {
        line.clear();
    }
    match status.starts_with("HTTP/1.1 101 ") {
        true => Ok(()),
        false => Err(io::Error::other(format!("it answered {}; its case may have ended", status.trim()))),
    }
}

/// Hands each piece on as soon as it is there.
fn copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    let mut piece = vec![0; 64 * 1024];
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => {
                to.write_all(&piece[..count])?;
                to.flush()?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
