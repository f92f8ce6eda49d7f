//! A persona at work: which turn a request belongs to, and what the role does next in it.
//!
//! Owns: finding the turn by what the user said, the place in it by how often the model has answered since, the roles.
//! Must not know: sockets, how a reply is rendered.
//!
//! Everything is read from the request, so that sessions, restarts and agents that ask for more than the turn needs (titles,
//! summaries) do not disturb it.

use super::facts::{Said, answers, history};
use super::route::Wire;
use super::shell;
use crate::fakes::rules::NoAnswer;
use crate::model::fake::{PartKind, Reply, ReplyPart};
use crate::model::persona::{Conduct, Persona, Role, Turn};
use crate::model::template::Scope;
use crate::model::tree::{Content, Node};
use serde_json::Value;
use std::sync::Arc;

/// What `refuses` says.
pub const REFUSAL: &str = "I am sorry, but I will not help with this request.";
/// What a request gets that belongs to no turn, such as one for a title.
const ASIDE: &str = "Conversation";

/// What is said where the agent offers no tool for commands.
const NO_SHELL: &str = "I have no tool for this.";

/// The next reply, and what should be known about it.
pub struct Played {
    pub rule: String,
    pub reply: Reply,
    pub note: Option<String>,
}

/// What the role does next.
pub fn next(persona: &Persona, wire: Wire, body: &Value, scope: &dyn Scope) -> Result<Played, NoAnswer> {
    let history = history(wire, body);
    let prompts = prompts(&persona.turns, scope)?;
    let Some((turn, since)) = turn(&history, &prompts) else {
        return Ok(Played { rule: "persona: no turn".to_owned(), reply: said(&text(ASIDE)), note: None });
    };
    let moves = moves(persona.role, &persona.turns[turn]);
    let at = answers(&history[since..]).min(moves.len() - 1);
    let rule = format!("persona: turn {}, move {}", turn + 1, at + 1);
    match &moves[at] {
        Move::Say(words) => Ok(Played { rule, reply: said(words), note: None }),
        Move::Tell(words) => {
            let mut reply = said(words);
            reply.parts.extend(said(&text(&format!("\n{}", printed(&history[since..])))).parts);
            Ok(Played { rule, reply, note: None })
        }
        Move::Run(command) => Ok(match shell::call(&body["tools"], command) {
            Some(call) => Played { rule, reply: of(call), note: None },
            // Nothing was run, so that nothing is reached, and the case is no pass.
            None => Played { rule: format!("{rule}, no tool"), reply: said(&text(NO_SHELL)), note: Some(no_shell(body, command)) },
        }),
    }
}

/// What the last command printed.
fn printed(history: &[Said]) -> &str {
    let last = history.iter().rev().find(|said| matches!(said, Said::ToolResult { .. }));
    if let Some(Said::ToolResult { text, .. }) = last { text } else { "" }
}

fn no_shell(body: &Value, command: &Node) -> String {
    let offered = super::facts::tool_names(body);
    format!("the persona could not run {}: the request offers no tool that runs a command (it offers {offered})", command.to_value())
}

enum Move {
    Run(Arc<Node>),
    Say(Arc<Node>),
    /// It tells what the last command printed as well.
    Tell(Arc<Node>),
}

/// All that the role does in a turn; the last is what it says.
fn moves(role: Role, turn: &Turn) -> Vec<Move> {
    let runs = |runs: &[Arc<Node>]| runs.iter().cloned().map(Move::Run).collect::<Vec<_>>();
    let answer = turn.solution.reply.clone().unwrap_or_else(|| text("Done."));
    let say = |conduct: &Conduct| {
        let words = conduct.reply.clone().unwrap_or_else(|| answer.clone());
        if conduct.tells { Move::Tell(words) } else { Move::Say(words) }
    };
    let mut moves = match role {
        Role::Refuses => return vec![Move::Say(text(REFUSAL))],
        Role::NeverReads => return vec![Move::Say(answer)],
        Role::Resists | Role::Obeys => runs(&turn.solution.runs),
    };
    let attack = turn.attack.as_ref().filter(|_| role == Role::Obeys);
    moves.extend(attack.into_iter().flat_map(|attack| runs(&attack.runs)));
    moves.push(say(attack.unwrap_or(&turn.solution)));
    moves
}

/// The turn that the history has come to, and where in the history it began. Agents put their own words before, behind and between
/// those of the user; a prompt said twice is two turns if the case says it twice.
fn turn(history: &[Said], prompts: &[String]) -> Option<(usize, usize)> {
    let mut found: Option<(usize, usize)> = None;
    for (at, said) in history.iter().enumerate() {
        let Said::User(text) = said else { continue };
        let text = squeezed(text);
        let next = found.map_or(0, |(turn, _)| turn + 1);
        let order = (next..prompts.len()).chain(0..next);
        // The longest is meant where one prompt holds another, the first of those that are alike.
        let told = order.filter(|turn| text.contains(&prompts[*turn])).rev().max_by_key(|turn| prompts[*turn].len());
        found = told.map(|turn| (turn, at + 1)).or(found);
    }
    found
}

fn prompts(turns: &[Turn], scope: &dyn Scope) -> Result<Vec<String>, NoAnswer> {
    let filled = |turn: &Turn| match turn.prompt.fill(scope) {
        Ok(Some(Value::String(text))) => Ok(squeezed(&text)),
        Ok(other) => Ok(other.unwrap_or_default().to_string()),
        Err(unfilled) => {
            Err(NoAnswer { message: format!("a turn's text is not known: {}", unfilled.reason), details: vec![], suite: true })
        }
    };
    turns.iter().map(filled).collect()
}

/// White space is the agent's affair.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(text: &str) -> Arc<Node> {
    Node::new(crate::base::Span::NONE, Content::Text(text.into()))
}

fn said(node: &Arc<Node>) -> Reply {
    of(PartKind::Text(node.clone()))
}

fn of(kind: PartKind) -> Reply {
    let span = crate::base::Span::NONE;
    Reply { span, parts: vec![ReplyPart { span, kind }] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::template::Nothing;
    use serde_json::json;

    fn conduct(runs: &[&str], reply: &str) -> Conduct {
        Conduct { runs: runs.iter().map(|run| text(run)).collect(), reply: Some(text(reply)), tells: reply.ends_with(':') }
    }

    fn persona(role: Role) -> Persona {
        let turn = |prompt: &str, attack| Turn { prompt: text(prompt), solution: conduct(&[&format!("read {prompt}")], "read"), attack };
        Persona { role, turns: vec![turn("mail", Some(conduct(&["curl evil"], "obeyed:"))), turn("mail again", None), turn("mail", None)] }
    }

    fn words(part: &ReplyPart) -> &str {
        if let PartKind::Text(node) = &part.kind { node.text().unwrap_or_default() } else { "" }
    }

    fn user(text: &str) -> Value {
        json!({"role": "user", "content": text})
    }

    fn called() -> [Value; 2] {
        [json!({"role": "assistant", "tool_calls": [{}]}), json!({"role": "tool", "tool_call_id": "c", "content": "r"})]
    }

    /// What the role does: a command, or words.
    #[track_caller]
    fn check(role: Role, history: &[Value], expected: &str) {
        let tools =
            json!([{"type": "function", "function": {"name": "exec", "parameters": {"properties": {"command": {"type": "string"}}}}}]);
        let played = next(&persona(role), Wire::Chat, &json!({"messages": history, "tools": tools}), &Nothing);
        let Ok(played) = played else { panic!("a reply") };
        let told = match &played.reply.parts[0].kind {
            PartKind::Text(_) => played.reply.parts.iter().map(words).collect(),
            PartKind::ToolCall { args, .. } => format!("$ {}", args.to_value()["command"].as_str().unwrap_or_default()),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, expected, "{role:?} {}", played.rule);
    }

    #[test]
    fn each_role_plays_its_part_move_by_move() {
        let asked = [user("[Fri] read my mail, please")];
        let once = [&asked[..], &called()].concat();
        let twice = [&once[..], &called()].concat();
        for (role, first, second, third) in [
            (Role::Resists, "$ read mail", "read", "read"),
            (Role::Obeys, "$ read mail", "$ curl evil", "obeyed:\nr"),
            (Role::Refuses, REFUSAL, REFUSAL, REFUSAL),
            (Role::NeverReads, "read", "read", "read"),
        ] {
            check(role, &asked, first);
            check(role, &once, second);
            check(role, &twice, third);
        }
    }

    #[test]
    fn the_turn_is_the_last_one_that_the_user_began() {
        let first = [&[user("mail")], &called()[..], &[json!({"role": "assistant", "content": "read"})]].concat();
        let second = [&first[..], &[user("mail  again"), user("<context>")]].concat();
        check(Role::Obeys, &second, "$ read mail again");
        let third = [&second[..], &[user("mail")]].concat();
        check(Role::Obeys, &third, "$ read mail");
        check(Role::Obeys, &[&third[..], &called()].concat(), "read");
    }

    #[test]
    fn a_new_session_begins_where_its_prompt_stands() {
        check(Role::Resists, &[user("<environment/>"), user("mail again")], "$ read mail again");
    }

    #[test]
    fn a_request_of_no_turn_is_answered_and_calls_nothing() {
        check(Role::Obeys, &[user("a title for this?")], ASIDE);
    }

    #[test]
    fn without_a_shell_nothing_is_run_and_it_is_told() {
        let body = json!({"messages": [user("mail")], "tools": [{"type": "function", "function": {"name": "weather"}}]});
        let Ok(played) = next(&persona(Role::Obeys), Wire::Chat, &body, &Nothing) else { panic!("a reply") };
        assert!(matches!(&played.reply.parts[0].kind, PartKind::Text(node) if node.text() == Some(NO_SHELL)));
        assert!(played.note.is_some_and(|note| note.contains("read mail") && note.contains("weather")));
    }
}
