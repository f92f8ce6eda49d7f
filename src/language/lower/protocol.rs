//! Protocol files: from the document to the protocol that is interpreted.
//!
//! Owns: the parts of a protocol but for its steps and rules; what this version does not carry out.
//! Must not know: sockets, processes.

use super::lowering::{key_span, plain_scalars};
use super::protocol_step::steps;
use super::{Lowering, rule};
use crate::base::suggest::did_you_mean;
use crate::base::{Diagnostic, Span};
use crate::language::docs::protocol::{
    BelongsDoc, DecodeWord, InvariantWord, OpenDoc, PerWord, ProtocolDoc, ReducerWord, RpcDoc, SettingDoc, ToolFormWord, TransportWord,
};
use crate::language::shape::{Named, Or, Templated, Text, mistake, reading};
use crate::model::protocol::{
    ApprovalWords, Belongs, FinalObject, Invariant, Naming, Open, Protocol, ProtocolStep, RpcFrames, Setting, ToolForm, Transport,
};
use crate::model::tree::Node;
use serde_json::Value;
use std::sync::Arc;

/// Lowers a protocol file. `None` after mistakes that leave no protocol.
pub fn protocol(node: &Arc<Node>, low: &mut Lowering<'_>) -> Option<Protocol> {
    let doc: ProtocolDoc = reading::read(node, low.diagnostics)?;
    let mut unsupported = Vec::new();
    transport(&doc, &mut unsupported);
    let part = |list: &Option<Vec<_>>, low: &mut Lowering<'_>| steps(list.as_deref().unwrap_or_default(), low);
    let before = part(&doc.before, low);
    let connect = part(&doc.connect, low);
    let session = part(&doc.session, low);
    let actions: Vec<_> = doc.actions.entries.iter().map(|(name, list)| (name.to_string(), steps(list, low))).collect();
    known_actions(&actions, low);
    let events = doc.events.iter().flatten().map(|doc| rule::rule(doc, low)).collect();
    let ignore = doc.ignore.iter().flatten().map(|pattern| low.pattern(&pattern.0)).collect();
    let final_object = final_object(&doc, &mut unsupported, low);
    for (span, feature) in &unsupported {
        low.later(*span, feature);
    }
    Some(Protocol {
        name: doc.protocol.to_string(),
        span: doc.protocol.span,
        transport: carried(doc.transport),
        settings: settings(doc.settings.as_ref(), low),
        open: doc.open.as_ref().map(open).unwrap_or_default(),
        before,
        connect,
        session,
        actions,
        approvals: doc
            .approvals
            .as_ref()
            .map(|words| ApprovalWords { accept: words.accept.0.to_value(), decline: words.decline.0.to_value() }),
        rpc: doc.rpc.as_ref().and_then(|doc| rpc(doc, low)),
        belongs: doc.belongs.as_ref().map(|doc| belongs(doc, low)),
        events,
        ignore,
        invariants: doc.invariants.iter().flatten().map(|word| invariant(*word)).collect(),
        final_object,
        decode: doc.decode.map(decode),
        tools: tool_form(&doc),
        unsupported,
    })
}

fn tool_form(doc: &ProtocolDoc) -> ToolForm {
    match (doc.tools, doc.decode) {
        (Some(ToolFormWord::Flat), _) => ToolForm::Flat,
        (Some(ToolFormWord::Chat), _) | (None, Some(DecodeWord::Chat)) => ToolForm::Chat,
        (Some(ToolFormWord::Messages), _) | (None, Some(DecodeWord::Messages)) => ToolForm::Messages,
        (None, _) => ToolForm::Flat,
    }
}

fn carried(word: TransportWord) -> Transport {
    match word {
        TransportWord::Websocket => Transport::Websocket,
        TransportWord::Http => Transport::Http,
        TransportWord::Sse => Transport::Sse,
        TransportWord::Stdio => Transport::Stdio,
        TransportWord::Exec => Transport::Exec,
    }
}

fn transport(doc: &ProtocolDoc, unsupported: &mut Vec<(Span, String)>) {
    match doc.decode {
        Some(DecodeWord::Realtime) => unsupported.push((key_span(&doc.node, "decode"), "`decode: realtime`".to_owned())),
        Some(word) if !asks(doc) => {
            let feature = format!("`decode: {}` over another transport than `http` and `sse`", decode(word));
            unsupported.push((key_span(&doc.node, "decode"), feature));
        }
        _ => {}
    }
}

/// True if answers over HTTP are its frames.
fn asks(doc: &ProtocolDoc) -> bool {
    matches!(doc.transport, TransportWord::Http | TransportWord::Sse)
}

fn settings(doc: Option<&Named<SettingDoc>>, low: &mut Lowering<'_>) -> Vec<Setting> {
    let entries = doc.map(|doc| doc.entries.as_slice()).unwrap_or_default();
    entries.iter().map(|(name, doc)| setting(name, doc, low)).collect()
}

fn setting(name: &Text, doc: &SettingDoc, low: &mut Lowering<'_>) -> Setting {
    let default = doc.default.as_ref().map_or(Value::Null, |node| node.0.to_value());
    let one_of: Option<Vec<_>> = doc.one_of.as_ref().map(|words| words.iter().map(|word| word.0.to_value()).collect());
    if one_of.as_ref().is_some_and(|words| !default.is_null() && !words.contains(&default)) {
        let span = doc.node.get("default").map_or(doc.node.span, |node| node.span);
        low.push(mistake::wrong_value(span, format!("the default of `{}` is not one of its values", &**name), "one of `one_of`"));
    }
    Setting { name: name.to_string(), span: name.span, default, one_of, secret: doc.secret.is_some_and(|secret| secret.on) }
}

fn open(doc: &OpenDoc) -> Open {
    Open {
        path: doc.path.as_ref().map(|path| path.0.clone()),
        url: doc.url.as_ref().map(|url| url.0.clone()),
        headers: plain_scalars(doc.headers.as_ref()),
        query: plain_scalars(doc.query.as_ref()),
        subprotocols: doc.subprotocols.iter().flatten().map(|word| word.0.clone()).collect(),
        per_session: doc.per == Some(PerWord::Session),
    }
}

fn rpc(doc: &RpcDoc, low: &mut Lowering<'_>) -> Option<RpcFrames> {
    let reply = low.pattern(&doc.reply.0);
    let (result, error) = (low.path(&doc.result), low.path(&doc.error));
    Some(RpcFrames { send: doc.send.0.clone(), reply, result: result?, error: error? })
}

fn belongs(doc: &BelongsDoc, low: &mut Lowering<'_>) -> Belongs {
    let mut way = |named: &Named<Templated>| -> Naming {
        named.entries.iter().filter_map(|(path, value)| Some((low.path(path)?, value.0.clone()))).collect()
    };
    let mut ways = |doc: Option<&Or<Named<Templated>, Vec<Named<Templated>>>>| match doc {
        None => vec![],
        Some(Or::This(named)) => vec![way(named)],
        Some(Or::That(list)) => list.iter().map(&mut way).collect(),
    };
    Belongs { session: ways(doc.session.as_ref()), turn: ways(doc.turn.as_ref()) }
}

fn final_object(whole: &ProtocolDoc, unsupported: &mut Vec<(Span, String)>, low: &mut Lowering<'_>) -> Option<FinalObject> {
    match whole.final_object.as_ref()? {
        Or::This(path) => low.path(path).map(FinalObject::Path),
        Or::That(doc) => {
            let name = match doc.reduce {
                ReducerWord::Core2 => "core2",
                ReducerWord::Responses => "responses",
                ReducerWord::Chat => "chat",
                ReducerWord::Messages => "messages",
            };
            if !asks(whole) {
                let feature = format!("the reducer `{name}` over another transport than `http` and `sse`");
                unsupported.push((key_span(&doc.node, "reduce"), feature));
            }
            let strict = doc.strict.is_some_and(|strict| strict.on);
            if name == "core2" {
                return Some(FinalObject::Core2 { strict });
            }
            if doc.strict.is_some() {
                let span = key_span(&doc.node, "strict");
                low.push(mistake::wrong_value(span, format!("the reducer `{name}` has no `strict`"), "`strict` with `reduce: core2` only"));
            }
            Some(FinalObject::Reduce(name.to_owned()))
        }
    }
}

fn decode(word: DecodeWord) -> String {
    match word {
        DecodeWord::Responses => "responses",
        DecodeWord::Chat => "chat",
        DecodeWord::Messages => "messages",
        DecodeWord::Realtime => "realtime",
    }
    .to_owned()
}

fn invariant(word: InvariantWord) -> Invariant {
    match word {
        InvariantWord::OneTerminalPerTurn => Invariant::OneTerminalPerTurn,
        InvariantWord::CallsHaveResults => Invariant::CallsHaveResults,
        InvariantWord::ItemsAreFinished => Invariant::ItemsAreFinished,
        InvariantWord::DeltasJoinToFinal => Invariant::DeltasJoinToFinal,
        InvariantWord::MocksAreAsked => Invariant::MocksAreAsked,
        InvariantWord::FramesAreJson => Invariant::FramesAreJson,
    }
}

/// `do` inside an action names another action.
fn known_actions(actions: &[(String, Vec<ProtocolStep>)], low: &mut Lowering<'_>) {
    let names: Vec<_> = actions.iter().map(|(name, _)| name.as_str()).collect();
    for step in actions.iter().flat_map(|(_, steps)| steps) {
        if let crate::model::protocol::ProtocolVerb::Do(action) = &step.verb
            && !names.contains(&action.as_str())
        {
            low.push(unknown_action(action, step.span, &names));
        }
    }
}

/// An action that the protocol does not have.
pub fn unknown_action(action: &str, span: Span, known: &[&str]) -> Diagnostic {
    let all = match known {
        [] => "it has none".to_owned(),
        names => format!("there are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
    };
    Diagnostic::error("unknown-action", span, format!("the protocol has no action `{action}`"))
        .label("no such action")
        .help(did_you_mean(action, known.iter().copied()).map_or(all.clone(), |near| format!("{near} {all}")))
}
