//! What only the linker can give: a program that starts within a millisecond.
//!
//! The program is also every mocked command, started once for each call. Before its first line a dynamic program finds and joins its
//! shared libraries, and a position-independent one corrects 33,000 addresses; each takes longer than all the rest. So it is linked
//! at a fixed address and, where the system has the static C library, without shared ones.
//!
//! In a program without shared libraries the standard library finds only those functions of the C library that somebody asked for.
//! Without the one below it starts processes by `fork`, after which each page that this program touches is copied.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the standard library needs to start a process in a folder of its own without `fork`; it looks whether it is there.
const TO_SPAWN: &str = "-Wl,-u,posix_spawn_file_actions_addchdir_np";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let variable = |key: &str| std::env::var(key).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_OS") != "linux" || variable("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    let asked_for = variable("CARGO_CFG_TARGET_FEATURE").split(',').any(|feature| feature == "crt-static");
    let folder = PathBuf::from(variable("OUT_DIR"));
    let mut arguments = vec!["-no-pie".to_owned()];
    let without_shared = || ["-no-pie".to_owned(), "-static".to_owned(), TO_SPAWN.to_owned()].into_iter();
    if asked_for {
        arguments = without_shared().collect();
    } else if variable("HOST") == variable("TARGET") && redirect(&folder).is_ok() {
        let redirected: Vec<_> = without_shared().chain([format!("-L{}", folder.display())]).collect();
        if starts(&folder, &redirected) {
            arguments = redirected;
        }
    }
    arguments.iter().for_each(|argument| println!("cargo::rustc-link-arg-bins={argument}"));
}

/// The compiler asks for shared libraries by name. Linker scripts of these names, found first, hand it the static ones; what it wants
/// from `libgcc_s`, which exists as a shared library alone, is in `libgcc_eh`.
fn redirect(folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join("libgcc_s.so"), "INPUT(-lgcc_eh)\n")?;
    ["c", "m", "dl", "rt", "util", "pthread"]
        .iter()
        .try_for_each(|name| std::fs::write(folder.join(format!("lib{name}.so")), format!("INPUT(-l:lib{name}.a)\n")))
}

/// True if a program that is linked like this can be made here, and works: it unwinds, starts a thread, and looks up a name.
fn starts(folder: &Path, arguments: &[String]) -> bool {
    const PROBE: &str = r#"
        fn main() {
            use std::net::ToSocketAddrs;
            std::panic::set_hook(Box::new(|_| {}));
            let unwound = std::thread::spawn(|| std::panic::catch_unwind(|| panic!()).is_err()).join();
            let found = ("localhost", 1).to_socket_addrs().is_ok_and(|mut found| found.next().is_some());
            std::process::exit(if unwound.is_ok_and(|unwound| unwound) && found && 2f64.powf(std::env::args().count() as f64) > 1.0 { 0 } else { 1 });
        }"#;
    let (source, program) = (folder.join("probe.rs"), folder.join("probe"));
    let quietly = |command: &mut Command| {
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let mut compiler = Command::new(std::env::var_os("RUSTC").unwrap_or("rustc".into()));
    if let Some(linker) = std::env::var_os("RUSTC_LINKER") {
        compiler.arg("-C").arg(format!("linker={}", linker.to_string_lossy()));
    }
    compiler.args(arguments.iter().flat_map(|argument| ["-C".to_owned(), format!("link-arg={argument}")]));
    std::fs::write(&source, PROBE).is_ok() && quietly(compiler.arg("-o").arg(&program).arg(&source)) && quietly(&mut Command::new(&program))
}
