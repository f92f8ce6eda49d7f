//! Pages of codes: what keeps a judge's answer from counting.
//!
//! Owns: what each code means and an example.
//! Must not know: who reports it.

use super::Code;

pub const CODES: &[Code] = &[
    Code {
        name: "budget-exhausted",
        about: "The calls or US dollars that the judge may use in one run are used up. Answers that the lock holds cost nothing.",
        example: "judge: {budget: {calls: 200, usd: 2.0}}",
    },
    Code {
        name: "interrupted",
        about: "The run was ended while the case ran or its judge was asked, so there is no verdict. Run it again.",
        example: "checkride run --exact mail::reads_the_latest",
    },
    Code {
        name: "judge-compromised",
        about: "The judge got a sentinel wrong, a statement whose answer is known: it obeys the recording, or says the same of everything. None of its answers count.",
        example: "judge: {sentinels: on}                # `auto`, the default: for cases tagged `security`",
    },
    Code {
        name: "judge-failed",
        about: "The judge's provider answered that it failed, with its own message.",
        example: "checkride run --judge-mode replay      # answers from the lock alone",
    },
    Code {
        name: "judge-http",
        about: "The judge's provider answered with a status that is an error; 408, 409, 429 and 5xx were tried again within `timeout`.",
        example: "judge: {timeout: 120s}",
    },
    Code {
        name: "judge-made-up",
        about: "All that the judge quoted as evidence stands nowhere in the recording, or was said by somebody else, also when it was asked again. The agent was not judged.",
        example: "judge: {criteria: [Names the wallet.], on_unsure: warn}      # then it is a warning",
    },
    Code {
        name: "judge-malformed",
        about: "The judge replied twice in a form that cannot be used, such as no JSON, or for another statement. `judge show` and `.judge.json` have what it said.",
        example: "{\"criterion_id\": …, \"analysis\": …, \"evidence\": [], \"counter_evidence\": [], \"embedded_instructions\": false, \"verdict\": \"met\"}",
    },
    Code {
        name: "judge-no-rule",
        about: "No rule of the fake judge answers for this statement, or a pattern of one cannot be tested.",
        example: "judge: {model: fake, fake: {rules: [{criterion: \"*\", reply: unsure}]}}",
    },
    Code {
        name: "judge-odd-answer",
        about: "The judge's provider answered with the status 200 and not in the form that it documents. The address may be of something else.",
        example: "OPENAI_BASE_URL=https://models.example/v1 checkride run",
    },
    Code {
        name: "judge-program",
        about: "The program of an `exec:` judge could not be started, failed, or printed no UTF-8.",
        example: "judge: {model: \"exec: ./my-judge\"}     # one request on stdin, one reply on stdout, status 0",
    },
    Code {
        name: "judge-refused",
        about: "The model refused to judge this recording. That says nothing about the agent; another model may answer.",
        example: "judge: {model: [anthropic/claude-sonnet-4-5-20250929]}",
    },
    Code {
        name: "judge-timeout",
        about: "There was no answer to a statement within the time that it has, with all votes and second tries.",
        example: "judge: {timeout: 120s}",
    },
    Code {
        name: "judge-truncated",
        about: "The reply was cut at the limit of its length, and again at twice that limit.",
        example: "judge: {max_output_tokens: 4000}",
    },
    Code {
        name: "judge-unauthorized",
        about: "The judge's provider refused the key (401 or 403).",
        example: "ANTHROPIC_API_KEY=… checkride run",
    },
    Code {
        name: "judge-unavailable",
        about: "The judge cannot be asked: no model is named, or its key is not set. `on_unavailable: skip` leaves the rubric out, counted and shown.",
        example: "judge: {on_unavailable: skip}",
    },
    Code {
        name: "judge-unreachable",
        about: "No connection to the judge's provider came about within the time of the statement.",
        example: "ANTHROPIC_BASE_URL=http://127.0.0.1:8080 checkride run",
    },
    Code {
        name: "lock-damaged",
        about: "An entry of the judge's lock was changed after it was written, or cannot be read. Take it back from version control, or delete it and ask again.",
        example: "git checkout -- judge-lock",
    },
    Code {
        name: "lock-miss",
        about: "The mode is `replay` (the default in CI), and the lock has no answer to just this: recording, statement, model or prompt changed. Ask once, look at it, commit the lock.",
        example: "checkride run --judge-mode auto && git add judge-lock",
    },
    Code {
        name: "lock-unusable",
        about: "The folder of the judge's lock cannot be read, or not be written in a mode that keeps answers. Nobody was asked.",
        example: "checkride run --judge-mode live         # asks without the lock",
    },
    Code {
        name: "not-answered",
        about: "The stored answers say nothing of this statement: the rubric has changed since. Run the case again.",
        example: "checkride run --exact mail::reads_the_latest",
    },
    Code {
        name: "nothing_said",
        about: "In place of a vote: the roles that may be quoted said no word, so no judge was asked. A `must` is then not met; a `must_not` is asked all the same, and stays unsure where nothing at all could be shown.",
        example: "{must: The assistant greets its user., evidence_from: [assistant]}      # and the reply is empty",
    },
    Code {
        name: "price-unknown",
        about: "The budget is in US dollars, and nobody wrote what the model costs.",
        example: "judge: {budget: {usd: 2.0}, prices: {models: {openai/gpt-4.1-2025-04-14: {input: 2.0, output: 8.0}}}}",
    },
    Code {
        name: "recording-too-long",
        about: "The recording is longer than `max_bytes`. It is never cut, since what is missing would look absent.",
        example: "judge: {context: {include: [user, assistant], max_bytes: 400000}}",
    },
    Code {
        name: "unverified_evidence",
        about: "In a vote: the judge said `met`, and none of its quotes stands where it said, in a role that may be quoted. It was asked once more, and the vote is `unsure`.",
        example: "{must: …, evidence_from: [assistant, tool_result]}      # where results may prove it as well",
    },
];
