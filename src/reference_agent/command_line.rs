//! The agent as a process: options, start, end.
//!
//! Owns: the options and `--help`, the line that tells where it listens, signals, the exit status.
//! Must not know: frames, models.

use super::faults::Fault;
use super::gateway;
use super::model::{Model, Wire};
use super::turn::Agent;
use clap::Parser;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

const EXAMPLES: &str = "\
Examples:
  OPENAI_API_KEY=sk-… checkride reference-agent
      a real model; talk to it with any websocket client:
      {\"type\": \"message\", \"sessionKey\": \"s1\", \"content\": \"Which files are here?\"}
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1 checkride reference-agent --port 18789 --wire chat
      a model of your own
  checkride reference-agent --fault call-twice
      a deliberately broken variant, to see your suite fail

It prints `listening on ws://127.0.0.1:PORT` once it can be spoken to, and ends on SIGTERM.";

/// A small honest agent (model → tools → model) with one tool, `exec`, which runs a shell command
#[derive(Parser, Debug)]
#[command(name = "checkride reference-agent", bin_name = "checkride reference-agent", after_help = EXAMPLES, disable_version_flag = true)]
struct Options {
    /// How clients speak to it
    #[arg(long, value_enum, default_value = "moltbot-gateway")]
    protocol: Protocol,
    /// Where to listen on 127.0.0.1; 0 is any free port
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Clients must send `Authorization: Bearer TOKEN`; without this option all are let in
    #[arg(long)]
    token: Option<String>,
    /// Which interface of OpenAI the model is asked by
    #[arg(long, value_enum, default_value = "responses")]
    wire: Wire,
    /// The model's name
    #[arg(long, env = "OPENAI_MODEL", default_value = "gpt-5")]
    model: String,
    /// Where the model is
    #[arg(long, env = "OPENAI_BASE_URL", default_value = "https://api.openai.com/v1")]
    base_url: String,
    /// The key for the model; better given by the environment
    #[arg(long, env = "OPENAI_API_KEY", hide_env_values = true)]
    api_key: Option<String>,
    /// A deliberately broken variant, to see your suite fail
    #[arg(long, value_enum)]
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Protocol {
    /// JSON frames over a websocket: message → assistant_message, tool_calls, turn_complete, error
    MoltbotGateway,
}

/// Runs the agent until it is told to end. As ever, the first of `args` is the program's name. Returns the exit status: 0 after
/// SIGTERM or SIGINT, 2 for a wrong command line, 1 if it cannot start.
pub fn main(args: impl Iterator<Item = String>) -> i32 {
    let options = match Options::try_parse_from(args) {
        Ok(options) => options,
        Err(error) => {
            let _ = error.print();
            return error.exit_code();
        }
    };
    match start(options) {
        Ok(status) => status,
        Err(message) => {
            eprintln!("error: {message}");
            1
        }
    }
}

fn start(options: Options) -> Result<i32, String> {
    let key = options.api_key.filter(|key| !key.is_empty());
    let model = Model::new(options.wire, &options.base_url, key, &options.model)?;
    let agent = Arc::new(Agent::new(model, options.fault));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| format!("failed to start: {e}"))?;
    runtime.block_on(async {
        let Protocol::MoltbotGateway = options.protocol;
        // Before it can be spoken to, so that no signal is missed.
        let stop = stop_signal().map_err(|e| format!("failed to wait for signals: {e}"))?;
        let place = (Ipv4Addr::LOCALHOST, options.port);
        let listener = TcpListener::bind(place).await.map_err(|e| format!("failed to listen on 127.0.0.1:{}: {e}", options.port))?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        let mut out = std::io::stdout().lock();
        // Whoever started it need not read this.
        let _ = writeln!(out, "listening on ws://127.0.0.1:{port}").and_then(|()| out.flush());
        drop(out);
        Ok(gateway::serve(listener, agent, options.token, stop).await)
    })
}

fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, ValueEnum};

    #[test]
    fn the_options_are_sound() {
        Options::command().debug_assert();
    }

    #[test]
    fn an_unknown_protocol_or_fault_is_refused() {
        assert_eq!(main(["x", "--protocol", "no-such"].map(str::to_owned).into_iter()), 2);
        assert_eq!(main(["x", "--fault", "no-such"].map(str::to_owned).into_iter()), 2);
    }

    #[test]
    fn a_base_url_that_is_none_is_refused() {
        assert_eq!(main(["x", "--base-url", "nowhere"].map(str::to_owned).into_iter()), 1);
    }

    #[test]
    fn help_names_every_fault() {
        let help = Options::command().render_long_help().to_string();
        for fault in Fault::value_variants() {
            let name = fault.to_possible_value().expect("none is hidden").get_name().to_owned();
            assert!(help.contains(&name), "{name} is not in\n{help}");
        }
    }
}
