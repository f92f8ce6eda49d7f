//! Deliberately broken variants of the pipeline, to see that a suite fails when it should.
//!
//! Owns: the list of faults, and what each does.
//! Must not know: which suite is to notice.

/// One fault. The honest path asks for it by [`PipelineFault::is`] at the places where it makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum PipelineFault {
    /// every second delta of a text is lost
    LoseDelta,
    /// the result of a tool never reaches the provider
    LoseResult,
    /// the usage of the last provider call is told in place of the sum
    LastUsage,
    /// a provider's stream that breaks off is a complete answer
    CompleteTruncated,
    /// a provider's error is an empty answer
    SwallowError,
    /// each event begins a trace of its own
    NewTrace,
    /// a stream always begins with its first event
    IgnoreLastEventId,
    /// nothing is remembered of a thread
    Forget,
    /// a failing tool fails the run
    ToolErrorIsFatal,
    /// an empty prompt is taken
    TakeAnything,
    /// what the store did not take is acknowledged all the same
    AcknowledgeUnstored,
    /// a run is taken although the log cannot be reached
    TakeWithoutLog,
    /// a run whose log goes away is given up
    GiveUpLog,
    /// what another worker left is never taken over
    LeaveAbandoned,
    /// a start that is delivered again begins the stored run anew
    StartAgain,
    /// calls are run although nobody is to run them
    RunAnyway,
    /// a chunk that is none is passed over in silence
    HideMalformed,
    /// a delta whose item is not open is passed over in silence
    HideSequence,
    /// what a provider sends after its end is still its answer
    ReadPastEnd,
    /// a turn that failed stays in the history
    KeepFailed,
    /// a run that is done is done once more
    EndTwice,
    /// a run that is done fails after all
    ErrorAfterDone,
}

impl PipelineFault {
    /// True if the pipeline has just this fault.
    pub fn is(self, fault: Option<PipelineFault>) -> bool {
        fault == Some(self)
    }
}
