//! Reports for people at a terminal or in a log.
//!
//! | file | what |
//! |---|---|
//! | [`failure`] | one case that is not simply green |
//! | [`summary`] | the end of a run |
//! | [`list`](mod@list) | what `--list` prints |
//! | [`judge`] | how the judge came to its answers, and what it took |
//! | [`show`] | what `checkride show` prints of a trace |
//! | [`status`] | the live line while a run goes on |
//! | [`style`] | colours, only where asked for |

pub mod failure;
pub mod judge;
pub mod list;
pub mod show;
pub mod status;
pub mod style;
pub mod summary;

pub use failure::case_failure;
pub use judge::{analyses, answers};
pub use list::{Listed, list};
pub use show::{document, many, one, records};
pub use status::StatusLine;
pub use style::{Style, quoted};
pub use summary::summary;
