//! Deliberately broken variants of the API, to see that a suite fails when it should.
//!
//! Owns: the list of faults, and what each does.
//! Must not know: which suite is to notice.

/// One fault. The honest path asks for it by [`DexterFault::is`] at the places where it makes a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum DexterFault {
    /// it says that it is another service
    OtherName,
    /// an empty input is asked of the model
    TakeEmpty,
    /// a provider's error is an empty answer
    SwallowError,
    /// the stream has no last frame
    NoDone,
    /// every second piece of a streamed text is lost
    LoseDelta,
    /// calls of the MCP server are not told
    HideCalls,
    /// the hosted MCP server is offered without its token
    NoToken,
    /// a specialist's answer never reaches the model
    LoseResult,
    /// the tokens of the last request are told in place of the sum
    LastUsage,
    /// a session of the beta is asked for
    BetaHeader,
    /// the guest's instructions are left out
    ForgetGuest,
    /// whoever shows a token is a user
    TrustToken,
    /// the answer to the session shows the provider's key
    LeakKey,
    /// the health of the MCP server is always good
    AlwaysHealthy,
    /// no tool is listed
    NoTools,
    /// the public configuration has the key's place empty
    NoConfig,
}

impl DexterFault {
    /// True if the API has just this fault.
    pub fn is(self, fault: Option<DexterFault>) -> bool {
        fault == Some(self)
    }
}
