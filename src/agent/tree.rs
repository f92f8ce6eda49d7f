//! The process tree of a case: everything that was started in it, however far it ran away, and its end.
//!
//! Owns: finding the processes, killing them all, the registry of live trees for an interrupted run.
//! Must not know: which of the processes is the agent, why it ends.
//!
//! On Linux a process belongs to the case if its environment holds the case's marker, if it works in the case's folder, if it is in the
//! agent's process group, or if it descends from such a process. So a daemon that forked twice into a session of its own is found; one
//! that in addition wiped its environment and left the folder is not. On other systems only the process group is known.

use rustix::process::{Pid, Signal, kill_process_group};
use std::collections::BTreeMap;
#[cfg(target_os = "linux")]
use std::io::Read as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// After this long, what still lives cannot be killed (it hangs in the kernel, or belongs to somebody else).
const GIVE_UP: Duration = Duration::from_secs(3);

static NEXT: AtomicU64 = AtomicU64::new(0);
static LIVE: Mutex<BTreeMap<u64, Known>> = Mutex::new(BTreeMap::new());
static ENDING: AtomicBool = AtomicBool::new(false);

fn live() -> MutexGuard<'static, BTreeMap<u64, Known>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the processes of a tree are known.
#[derive(Clone, Debug)]
struct Known {
    /// `CHECKRIDE_CASE=<marker>` of the environment; the case's folder.
    marker: String,
    group: Option<Group>,
}

/// The process group of the agent.
#[derive(Clone, Copy, Debug)]
struct Group {
    leader: u32,
    /// The leader has been waited for. Its number is not given to another process while the group has members; so if there is a
    /// process of that number, the group is somebody else's.
    leader_gone: bool,
}

impl Group {
    fn signal(self, signal: Signal) {
        // Without /proc the members cannot be told from strangers, and a group that outlives its leader is the likelier thing.
        let sure = !self.leader_gone || cfg!(not(target_os = "linux"));
        if let Some(leader) = pid(self.leader).filter(|_| sure) {
            // An error says that nobody is left to hear it.
            let _ = kill_process_group(leader, signal);
        }
    }
}

/// A guard: when dropped, all processes of the tree are killed.
#[derive(Debug)]
pub struct Tree {
    id: u64,
    /// Nothing was left after the last kill, so nothing is to be done when dropped.
    ended: AtomicBool,
}

impl Tree {
    /// The tree of all processes with this marker.
    pub fn new(marker: impl Into<String>) -> Tree {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        live().insert(id, Known { marker: marker.into(), group: None });
        Tree { id, ended: AtomicBool::new(false) }
    }

    /// The group of this process belongs to the tree, whatever its environment.
    pub fn lead(&self, pid: u32) {
        self.ended.store(false, Ordering::SeqCst);
        self.set_group(Group { leader: pid, leader_gone: false });
    }

    /// The leader has been waited for.
    pub fn leader_gone(&self) {
        if let Some(group) = self.known().and_then(|known| known.group) {
            self.set_group(Group { leader_gone: true, ..group });
        }
    }

    fn set_group(&self, group: Group) {
        if let Some(known) = live().get_mut(&self.id) {
            known.group = Some(group);
        }
    }

    fn known(&self) -> Option<Known> {
        live().get(&self.id).cloned()
    }

    /// Sends a signal to the agent's process group, if the agent still lives.
    pub fn signal(&self, signal: Signal) {
        if let Some(group) = self.known().and_then(|known| known.group) {
            group.signal(signal);
        }
    }

    /// The processes that live now.
    pub fn members(&self) -> Vec<u32> {
        self.known().map_or(vec![], |known| members(&known, &[]))
    }

    /// Kills everything, and looks until nothing is left. Blocks for a few milliseconds, three seconds at most.
    /// Returns what could not be killed.
    pub fn kill(&self) -> Vec<u32> {
        let left = self.known().map_or(vec![], |known| kill(&known));
        self.ended.store(left.is_empty(), Ordering::SeqCst);
        left
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        if !self.ended.load(Ordering::SeqCst) {
            self.kill();
        }
        live().remove(&self.id);
    }
}

/// Kills the processes of all live trees and keeps new agents from starting: the run was interrupted.
pub fn end_all() {
    ENDING.store(true, Ordering::SeqCst);
    let all: Vec<Known> = live().values().cloned().collect();
    all.iter().for_each(|known| drop(kill(known)));
}

/// True after [`end_all`].
pub(super) fn is_ending() -> bool {
    ENDING.load(Ordering::SeqCst)
}

fn pid(number: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(number).ok()?)
}

fn kill(known: &Known) -> Vec<u32> {
    let begin = Instant::now();
    let mut pause = Duration::from_micros(200);
    let mut seen = Vec::new();
    loop {
        // Who is there must be known before the group dies: then its children are still its children.
        let found = members(known, &seen);
        if let Some(group) = known.group {
            group.signal(Signal::KILL);
        }
        found.iter().for_each(|number| kill_one(*number));
        if found.is_empty() || begin.elapsed() > GIVE_UP {
            return found;
        }
        seen = found;
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

fn kill_one(number: u32) {
    let Some(process) = pid(number) else { return };
    // It may be gone already, or belong to somebody else; the next look tells.
    let _ = rustix::process::kill_process(process, Signal::KILL);
}

/// Processes that live (zombies do not), without this one. `seen` are processes known from an earlier look: their children belong, too.
#[cfg(target_os = "linux")]
fn members(known: &Known, seen: &[u32]) -> Vec<u32> {
    let marked = format!("{}={}", super::environment::MARKER, known.marker).into_bytes();
    let own = std::process::id();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).filter(|number| *number != own);
    let mut others: BTreeMap<u32, Stat> = numbers
        .filter_map(|number| Some((number, Stat::read(number)?)))
        .filter(|(_, stat)| stat.alive && stat.start >= own_start())
        .collect();
    let group = known.group.filter(|group| !(group.leader_gone && others.contains_key(&group.leader))).map(|group| group.leader);
    // The agents of the other cases that run now need no closer look.
    let others_agent = |other: &Known| other.group.filter(|group| other.marker != known.marker && !group.leader_gone);
    let elsewhere: Vec<u32> = live().values().filter_map(others_agent).map(|group| group.leader).collect();
    let is_one = |number: u32, stat: &Stat| {
        group == Some(stat.group)
            || seen.contains(&number)
            || !elsewhere.contains(&stat.group) && (is_marked(number, &marked) || works_in(number, &known.marker))
    };
    let mut members: Vec<u32> = others.iter().filter(|(number, stat)| is_one(**number, stat)).map(|(number, _)| *number).collect();
    others.retain(|number, _| !members.contains(number));
    // Children of children: again until there are no more.
    loop {
        let is_child = |stat: &Stat| members.contains(&stat.parent) || seen.contains(&stat.parent);
        let children: Vec<u32> = others.iter().filter(|(_, stat)| is_child(stat)).map(|(number, _)| *number).collect();
        if children.is_empty() {
            return members;
        }
        others.retain(|number, _| !children.contains(number));
        members.extend(children);
    }
}

#[cfg(not(target_os = "linux"))]
fn members(known: &Known, _seen: &[u32]) -> Vec<u32> {
    let lives = |leader: u32| pid(leader).is_some_and(|leader| rustix::process::test_kill_process_group(leader).is_ok());
    known.group.map(|group| group.leader).filter(|leader| lives(*leader)).into_iter().collect()
}

#[cfg(target_os = "linux")]
struct Stat {
    parent: u32,
    group: u32,
    alive: bool,
    /// In clock ticks since the machine was started.
    start: u64,
}

/// What is older than this process cannot belong to one of its cases; that spares a look at most processes of the machine.
#[cfg(target_os = "linux")]
fn own_start() -> u64 {
    static START: std::sync::OnceLock<u64> = std::sync::OnceLock::new();
    *START.get_or_init(|| Stat::read(std::process::id()).map_or(0, |stat| stat.start))
}

#[cfg(target_os = "linux")]
impl Stat {
    /// `pid (name) state ppid pgrp …`; the name may hold spaces and parentheses.
    fn read(number: u32) -> Option<Stat> {
        // One read: at the end of each case this is read for every process of the machine. What is asked stands in the first half.
        let mut buffer = [0; 1024];
        let length = std::fs::File::open(format!("/proc/{number}/stat")).ok()?.read(&mut buffer).ok()?;
        let stat = buffer.get(..length)?;
        let after = stat.iter().rposition(|byte| *byte == b')')? + 1;
        let mut words = std::str::from_utf8(stat.get(after..)?).ok()?.split_ascii_whitespace();
        let alive = !matches!(words.next()?, "Z" | "X");
        let (parent, group) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Stat { parent, group, alive, start: words.nth(16)?.parse().ok()? })
    }
}

#[cfg(target_os = "linux")]
fn is_marked(number: u32, marked: &[u8]) -> bool {
    let environment = std::fs::read(format!("/proc/{number}/environ")).unwrap_or_default();
    environment.split(|byte| *byte == 0).any(|variable| variable == marked)
}

#[cfg(target_os = "linux")]
fn works_in(number: u32, folder: &str) -> bool {
    folder.starts_with('/') && std::fs::read_link(format!("/proc/{number}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn sh(marker: &str, script: &str) -> std::process::Child {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).env(super::super::environment::MARKER, marker).stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().expect("sh exists")
    }

    fn unique(name: &str) -> String {
        format!("test-{name}-{}", std::process::id())
    }

    #[test]
    fn a_daemon_in_its_own_session_is_found_and_killed() {
        let marker = unique("daemon");
        let tree = Tree::new(&marker);
        // The outer shell ends at once, so the daemon has no parent among ours any more.
        let mut child = sh(&marker, "(setsid sh -c 'trap \"\" TERM HUP; echo up; exec sleep 300' &) ; exit 0");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        child.wait().unwrap();
        assert!(!tree.members().is_empty());
        assert_eq!(tree.kill(), Vec::<u32>::new());
        assert_eq!(tree.members(), Vec::<u32>::new());
    }

    #[test]
    fn a_child_that_wiped_its_environment_is_found_by_its_parent() {
        let marker = unique("wiped");
        let tree = Tree::new(&marker);
        let mut child = sh(&marker, "env -i setsid sh -c 'echo up; sleep 300' & wait");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        assert!(tree.members().len() >= 2, "{:?}", tree.members());
        assert_eq!(tree.kill(), Vec::<u32>::new());
        child.wait().unwrap();
        assert_eq!(tree.members(), Vec::<u32>::new());
    }

    #[test]
    fn one_that_hides_in_every_other_way_is_found_by_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("1");
        std::fs::create_dir_all(folder.join("home")).unwrap();
        let tree = Tree::new(folder.to_string_lossy());
        let mut child = sh("", &format!("cd {}/home; (env -i setsid sh -c 'echo up; exec sleep 300' &)", folder.display()));
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        child.wait().unwrap();
        assert_eq!(tree.members().len(), 1);
        assert_eq!(tree.kill(), Vec::<u32>::new());
        // Another case's folder may begin with the same letters.
        assert!(!works_in(std::process::id(), std::env::current_dir().unwrap().to_string_lossy().split_at(3).0));
    }

    #[test]
    fn another_case_is_left_alone() {
        let (mine, other) = (unique("mine"), unique("mine-too"));
        let tree = Tree::new(&mine);
        let mut child = sh(&other, "exec sleep 300");
        assert_eq!((tree.members(), tree.kill()), (vec![], vec![]));
        assert_eq!(child.try_wait().unwrap(), None);
        drop(Tree::new(&other));
        assert!(!child.wait().unwrap().success());
    }
}
