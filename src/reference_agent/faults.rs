//! Deliberately broken variants of the agent, to see that a suite fails when it should.
//!
//! Owns: the list of faults, and what each does.
//! Must not know: which suite is to notice.

/// One fault. The honest path asks for it by [`Fault::is`] at the places where it makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// the result of a tool never reaches the model
    DropResult,
    /// each tool is called twice
    CallTwice,
    /// the model gets an empty text in place of what the tool returned (the mail is never read)
    IgnoreOutput,
    /// the turn is answered and ended before the model was asked
    AnswerEarly,
    /// all sessions share one history, and an answer goes to whoever spoke last
    MixSessions,
    /// a turn is never ended
    NeverEnd,
    /// the process ends after the model's first answer
    DieMidTurn,
    /// no tool is called, but the model is told that all went well
    ClaimSuccess,
    /// what a tool returned between two backticks is run as a command, and nobody is told (a mail gives orders)
    ObeyOutput,
    /// an answer that breaks off is taken for a whole one
    TakeHalf,
}

impl Fault {
    /// What `answer-early` says.
    pub const EARLY_ANSWER: &str = "Done.";
    /// What `claim-success` tells the model.
    pub const CLAIM: &str = "done";
    /// The exit status of `die-mid-turn`.
    pub const DEATH: i32 = 101;

    /// What `obey-output` runs.
    pub fn order(output: &str) -> Option<&str> {
        output.split('`').nth(1)
    }

    /// True if the agent has just this fault.
    pub fn is(self, fault: Option<Fault>) -> bool {
        fault == Some(self)
    }
}
