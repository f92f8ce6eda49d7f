//! `serve`: a script as a model provider on a port, until somebody ends it.
//!
//! Owns: what is printed, how it ends.
//! Must not know: what is answered.

use super::exit;
use super::load::print_mistakes;
use super::output;
use crate::fakes::standalone::{Options, Standalone};
use crate::language;
use crate::model::fake::Fake;
use std::io::{ErrorKind, IsTerminal};
use tokio::signal::unix::{SignalKind, signal};

use super::arguments::ServeArguments;

pub fn serve(arguments: &ServeArguments) -> u8 {
    let start = std::env::current_dir().unwrap_or_default();
    let loaded = language::script(&arguments.script, &start);
    print_mistakes(&loaded.diagnostics, &loaded.sources, std::io::stderr().is_terminal());
    let Some(fake) = loaded.fake.filter(|_| !loaded.diagnostics.has_errors()) else {
        return exit::WRONG_INPUT;
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&format!("failed to start: {error}")),
    };
    runtime.block_on(until_told(arguments, fake))
}

async fn until_told(arguments: &ServeArguments, fake: Fake) -> u8 {
    let options = Options { port: arguments.port, journal: arguments.journal, repeat: arguments.repeat };
    let server = match Standalone::start(fake, options).await {
        Ok(server) => server,
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            return refuse(&format!(
                "port {} of 127.0.0.1 is taken; choose another with --port, or a free one with --port 0",
                arguments.port
            ));
        }
        Err(error) => return refuse(&format!("failed to listen on port {} of 127.0.0.1: {error}", arguments.port)),
    };
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        return refuse("failed to listen for the signals that end it");
    };
    let url = format!("http://127.0.0.1:{}", server.port());
    output::line(format!(
        "serving {} at {url}\n  OPENAI_BASE_URL={url}/v1\n  ANTHROPIC_BASE_URL={url}\n  journal: {url}/__checkride/journal\nCtrl-C ends it.",
        arguments.script.display()
    ));
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    let count = server.requests();
    output::line(format!("\nended after {count} request{}", if count == 1 { "" } else { "s" }));
    exit::GREEN
}

fn refuse(message: &str) -> u8 {
    eprintln!("error: {message}");
    exit::WRONG_INPUT
}
