//! Deliberately broken gateways, to see that a suite fails when it should.
//!
//! Owns: the list of faults, and what each does.
//! Must not know: which suite is to notice.

/// One fault. The honest path asks for it by [`GatewayFault::is`] at the places where it makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GatewayFault {
    /// no token is asked for
    AnyToken,
    /// every version of the protocol, every client and every first frame is let in
    AnyClient,
    /// a client keeps scopes that it has no right to
    AnyScope,
    /// nobody is granted a scope, and nobody is told
    NoScope,
    /// requests that are not as they must be are answered all the same, and frames of any size are taken
    AnyRequest,
    /// the same key begins another run
    RunAgain,
    /// frames carry the session key that was sent
    PlainKeys,
    /// frames carry the id of another run
    WrongRun,
    /// all sessions share one history
    MixSessions,
    /// everybody hears everything
    TellEveryone,
    /// nobody hears of tool calls
    HideCalls,
    /// the ends of tool calls are not told
    HideResults,
    /// each command ended well
    AlwaysZero,
    /// a command runs whatever was decided, and nobody waits for it
    RunDenied,
    /// the numbers of a run's frames stand still
    StuckSeq,
    /// the last word of an answer is lost
    CutText,
    /// a run ends twice
    EndTwice,
    /// a run never ends
    NeverEnd,
    /// a request to abort a run is answered, and the run goes on
    IgnoreAbort,
    /// a run is aborted after it was said to be
    AbortLate,
    /// a run that fails is told to have ended well
    HideErrors,
    /// what was said before is not shown
    NoHistory,
    /// there are no ticks
    NoTick,
    /// it says that it is not well
    Unwell,
    /// the result of a tool never reaches the model
    DropResult,
    /// the connection is closed after the model's first answer
    HangUp,
    /// a frame that is not JSON comes in the middle of a run
    IllFormed,
    /// the connection is closed as soon as it is open
    CloseAtOnce,
}

impl GatewayFault {
    /// True if the gateway has just this fault.
    pub fn is(self, fault: Option<GatewayFault>) -> bool {
        fault == Some(self)
    }
}
