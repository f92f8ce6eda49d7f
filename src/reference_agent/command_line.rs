//! The agent as a process: options, start, end.
//!
//! Owns: the options and `--help`, the line that tells where it listens, signals, the exit status.
//! Must not know: frames, models.

use super::core2::faults::PipelineFault;
use super::core2::log::Log;
use super::core2::provider::{Endpoint, Endpoints};
use super::core2::server::Pipeline;
use super::core2::store::Store;
use super::core2::threads::Threads;
use super::dexter::options::DexterOptions;
use super::dexter::server::Api;
use super::faults::Fault;
use super::gateway;
use super::http;
use super::model::{Model, Wire};
use super::openclaw;
use super::openclaw::faults::GatewayFault;
use super::openclaw::server::{Gateway, Terms};
use super::turn::Agent;
use clap::Parser;
use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;
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
    /// Clients must send `Authorization: Bearer TOKEN` (openclaw-gateway: this token in their first request); without this option
    /// all are let in
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
    /// core2: keep the events in this redis (redis://127.0.0.1:6379); without it they are kept in memory
    #[arg(long, env = "REDIS_URL")]
    redis: Option<String>,
    /// core2: send a snapshot of each run to this store (POST URL/projections)
    #[arg(long, env = "STORE_URL")]
    store: Option<String>,
    /// core2: send a snapshot of each run to this Convex deployment, with `messages:persist`
    #[arg(long, env = "CONVEX_URL", conflicts_with = "store")]
    convex: Option<String>,
    /// core2: a chunk of a provider that is not JSON ends the run
    #[arg(long, env = "STRICT_STREAM", value_parser = clap::builder::FalseyValueParser::new(), action = clap::ArgAction::SetTrue)]
    strict: bool,
    /// core2: a deliberately broken variant
    #[arg(long, value_enum)]
    pipeline_fault: Option<PipelineFault>,
    #[command(flatten)]
    gateway: GatewayOptions,
    #[command(flatten)]
    others: Others,
    #[command(flatten)]
    dexter: DexterOptions,
    /// A deliberately broken variant, to see your suite fail
    #[arg(long, value_enum)]
    fault: Option<Fault>,
}

/// What only `openclaw-gateway` has.
#[derive(clap::Args, Debug)]
struct GatewayOptions {
    /// openclaw-gateway: which version of the wire it speaks
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(3..=4))]
    protocol_version: u64,
    /// openclaw-gateway: whether a command waits for a decision
    #[arg(long, value_enum, default_value = "full")]
    exec: ExecMode,
    /// openclaw-gateway: milliseconds between two ticks
    #[arg(long, default_value_t = 30_000, value_parser = clap::value_parser!(u64).range(1..))]
    tick_ms: u64,
    /// openclaw-gateway: the largest frame in bytes; if not given, 524288 in version 3 and 26214400 in version 4
    #[arg(long)]
    max_payload: Option<usize>,
    /// openclaw-gateway: a deliberately broken variant
    #[arg(long, value_enum)]
    gateway_fault: Option<GatewayFault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ExecMode {
    /// It runs
    Full,
    /// Each waits until a client allows or denies it
    Ask,
}

/// The providers of `core2` besides OpenAI.
#[derive(clap::Args, Debug)]
struct Others {
    /// core2: where Anthropic is
    #[arg(long, env = "ANTHROPIC_BASE_URL", default_value = "https://api.anthropic.com")]
    anthropic_base_url: String,
    /// core2: the key for Anthropic; better given by the environment
    #[arg(long, env = "ANTHROPIC_API_KEY", hide_env_values = true)]
    anthropic_api_key: Option<String>,
    /// core2: where OpenRouter is
    #[arg(long, env = "OPENROUTER_BASE_URL", default_value = "https://openrouter.ai/api/v1")]
    openrouter_base_url: String,
    /// core2: the key for OpenRouter; better given by the environment
    #[arg(long, env = "OPENROUTER_API_KEY", hide_env_values = true)]
    openrouter_api_key: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Protocol {
    /// JSON frames over a websocket: message → assistant_message, tool_calls, turn_complete, error
    MoltbotGateway,
    /// The real assistant gateway's wire over a websocket: connect, chat.send, then events of the run
    OpenclawGateway,
    /// Core 2.0: POST /submit, then server-sent events of GET /stream/RUN
    Core2,
    /// Dexter's API: POST /chat, GET /chat/stream, POST /realtime/sessions and what stands around them
    DexterChat,
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
    let port = options.port;
    let serving = match options.protocol {
        Protocol::MoltbotGateway => gateway_of(options)?,
        Protocol::OpenclawGateway => Serving::Openclaw(Arc::new(openclaw_of(options)?)),
        Protocol::Core2 => Serving::Core2(Arc::new(pipeline(options)?)),
        Protocol::DexterChat => Serving::Dexter(Arc::new(options.dexter.api(&options.base_url, options.api_key)?)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| format!("failed to start: {e}"))?;
    runtime.block_on(async {
        // Before it can be spoken to, so that no signal is missed.
        let stop = stop_signal().map_err(|e| format!("failed to wait for signals: {e}"))?;
        let listener =
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|e| format!("failed to listen on 127.0.0.1:{port}: {e}"))?;
        let port = listener.local_addr().map_err(|e| e.to_string())?.port();
        let scheme = if matches!(serving, Serving::Core2(_) | Serving::Dexter(_)) { "http" } else { "ws" };
        let mut out = std::io::stdout().lock();
        // Whoever started it need not read this.
        let _ = writeln!(out, "listening on {scheme}://127.0.0.1:{port}").and_then(|()| out.flush());
        drop(out);
        Ok(match serving {
            Serving::Gateway(agent, token) => gateway::serve(listener, agent, token, stop).await,
            Serving::Openclaw(gateway) => openclaw::server::serve(listener, gateway, stop).await,
            Serving::Core2(pipeline) => http::serve(listener, pipeline, stop).await,
            Serving::Dexter(api) => http::serve(listener, api, stop).await,
        })
    })
}

/// What is served, ready but for its socket.
enum Serving {
    Gateway(Arc<Agent>, Option<String>),
    Openclaw(Arc<Gateway>),
    Core2(Arc<Pipeline>),
    Dexter(Arc<Api>),
}

fn openclaw_of(options: Options) -> Result<Gateway, String> {
    let key = options.api_key.filter(|key| !key.is_empty());
    let model = Model::new(options.wire, &options.base_url, key, &options.model)?;
    let own = options.gateway;
    let terms = Terms {
        version: own.protocol_version,
        token: options.token,
        asks: own.exec == ExecMode::Ask,
        tick: Duration::from_millis(own.tick_ms),
        max_payload: own.max_payload,
    };
    Ok(Gateway::new(model, terms, own.gateway_fault))
}

fn gateway_of(options: Options) -> Result<Serving, String> {
    let key = options.api_key.filter(|key| !key.is_empty());
    let model = Model::new(options.wire, &options.base_url, key, &options.model)?;
    Ok(Serving::Gateway(Arc::new(Agent::new(model, options.fault)), options.token))
}

fn pipeline(options: Options) -> Result<Pipeline, String> {
    let log = match &options.redis {
        Some(url) => Log::redis(&super::core2::redis::address(url)?),
        None => Log::memory(),
    };
    let others = options.others;
    Ok(Pipeline {
        log: Arc::new(log),
        endpoints: Endpoints {
            openai: Endpoint::new("OPENAI_BASE_URL", &options.base_url, options.api_key)?,
            anthropic: Endpoint::new("ANTHROPIC_BASE_URL", &others.anthropic_base_url, others.anthropic_api_key)?,
            openrouter: Endpoint::new("OPENROUTER_BASE_URL", &others.openrouter_base_url, others.openrouter_api_key)?,
        },
        store: match (&options.store, &options.convex) {
            (Some(url), _) => Some(Store::plain(url)?),
            (None, url) => url.as_deref().map(Store::convex).transpose()?,
        },
        threads: Threads::default(),
        strict: options.strict,
        fault: options.pipeline_fault,
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
