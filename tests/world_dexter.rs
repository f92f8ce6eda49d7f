//! `dexter-chat` against a chat on the real Agents SDK: the shipped cases of the chat, with that server in the reference agent's place.

#[expect(dead_code, reason = "shared with other tests")]
mod judges;
#[expect(dead_code, reason = "shared with other tests")]
mod program;

use judges::Judge;
use std::fs;

/// The cases about the chat itself; the server has nothing else.
const CHAT: [&str; 10] = [
    "an_answer_is_told",
    "the_model_is",
    "a_tool_of_the_mcp",
    "without_a_token",
    "a_specialist_is",
    "in_a_stream",
    "a_provider_that_refuses",
    "half_an_answer",
    "an_answer_that_was_cut",
    "turns_that_go_on",
];

#[test]
fn the_chat_of_the_real_agents_sdk_is_understood() {
    let Some(found) = Judge::Node.find() else {
        return eprintln!("not checked: {} is not set", Judge::Node.variable());
    };
    if !std::path::Path::new(&found.modules).join("@openai/agents-openai").is_dir() {
        return eprintln!("not checked: @openai/agents-openai is not installed in {}", found.modules);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sdk/dexter_api.cjs");
    let agents = include_str!("../checkride.yaml");
    let launched = "command: [\"{{checkride}}\", reference-agent, --protocol, dexter-chat]";
    let real = format!("command: [\"{}\", \"{server}\"]", found.interpreter);
    let agents = agents
        .replace(launched, &real)
        .replace("      OPENAI_API_KEY: sk-test\n", &format!("      OPENAI_API_KEY: sk-test\n      NODE_PATH: \"{}\"\n", found.modules));
    assert!(agents.contains(server) && agents.contains("NODE_PATH"), "the agent `dexter-api` is written otherwise now");
    fs::create_dir(folder.path().join("suites")).expect("it is empty");
    fs::write(folder.path().join("checkride.yaml"), agents).expect("writable");
    fs::copy("suites/dexter/chat.yaml", folder.path().join("suites/chat.yaml")).expect("it is shipped");
    // Node loads its modules for each case; too many side by side would run out of a step's time.
    let ran = program::checkride(folder.path(), &[&["run", "--test-threads", "3"][..], &CHAT].concat());
    assert!(ran.status == 0, "{}{}", ran.stdout, ran.stderr);
}
