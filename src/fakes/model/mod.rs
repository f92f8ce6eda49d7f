//! The scripted LLM provider: one script, every wire.
//!
//! | module | what |
//! |---|---|
//! | [`running`] | a model fake during a case: counting, recording, what was left over |
//! | [`replying`] | a reply on its way: chosen, filled, rendered, damaged |
//! | [`route`] | which path and method is which wire |
//! | [`realtime`] | its Realtime sessions |
//! | [`asked`] | a request on its wire, and its reply there |
//! | [`provider`] | errors, lists and headers in each provider's shape |
//! | [`choice`] | which reply a request gets |
//! | [`persona`] | a role played by what the case says of it |
//! | [`shell`] | the tool by which an agent runs commands |
//! | [`facts`] | what rules can see of a request |
//! | [`fill`] | a reply with its templates filled |
//! | [`damage`] | faults during a case: which happen now, and which never did |
//! | [`shown`] | replies and requests as messages name them |

pub mod asked;
pub mod choice;
pub mod damage;
pub mod facts;
pub mod fill;
pub mod persona;
pub mod provider;
pub mod realtime;
pub mod replying;
pub mod route;
pub mod running;
pub mod shell;
pub mod shown;

pub use running::RunningModel;
