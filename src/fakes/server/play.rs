//! Writing an answer step by step.
//!
//! Owns: what leaves in one write, waiting, breaking off, noticing that the client or the case has gone.
//! Must not know: what is answered.

use super::case::Case;
use crate::fakes::http::answer::{Answer, End};
use crate::fakes::http::connection::Connection;
use crate::fakes::http::request::Head;
use crate::model::fake::Abort;
use crate::wire::stream::Step;

/// How the client wants to be answered.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub keep_alive: bool,
    /// It knows chunks.
    pub chunks: bool,
    /// It wants the head alone.
    pub head_only: bool,
}

impl Manner {
    /// For a client that was not understood: nothing goes on after the answer.
    pub const LAST: Manner = Manner { keep_alive: false, chunks: true, head_only: false };

    pub fn of(head: &Head) -> Manner {
        Manner { keep_alive: head.keep_alive(), chunks: !head.old, head_only: head.method == "HEAD" }
    }
}

/// What an answer leaves of its connection.
enum After {
    Open,
    Close,
    Reset,
    Gone,
}

/// Writes an answer. Gives the connection back if it is still good for more; a reply that was to break off has broken off.
pub async fn play(mut connection: Connection, answer: Answer, manner: Manner, case: Option<&Case>) -> Option<Connection> {
    let written = write(&mut connection, &answer, manner, case);
    let after = match case {
        None => written.await,
        Some(case) => tokio::select! {
            biased;
            after = written => after,
            () = case.ending.wait() => After::Gone,
        },
    };
    match after {
        After::Open => return Some(connection),
        After::Close => connection.close().await,
        After::Reset => connection.reset(),
        After::Gone => {}
    }
    None
}

async fn write(connection: &mut Connection, answer: &Answer, manner: Manner, case: Option<&Case>) -> After {
    match write_steps(connection, answer, manner, case).await {
        Ok(after) => after,
        Err(()) => After::Gone,
    }
}

async fn write_steps(connection: &mut Connection, answer: &Answer, manner: Manner, case: Option<&Case>) -> Result<After, ()> {
    let end = answer.end(manner.chunks);
    let keep_alive = manner.keep_alive && end != End::Close;
    if manner.head_only {
        connection.put_head(answer, end, keep_alive);
        connection.flush().await?;
        return Ok(if keep_alive { After::Open } else { After::Close });
    }
    // A document's head leaves with the document and not before a wait.
    let mut head_is_due = true;
    if answer.chunked {
        connection.put_head(answer, end, keep_alive);
        head_is_due = false;
    }
    let mut piece_is_due = false;
    for step in &answer.steps {
        match step {
            Step::Write(range) => {
                if piece_is_due {
                    connection.flush().await?;
                }
                put_due_head(connection, answer, end, keep_alive, &mut head_is_due);
                connection.put_piece(end, &answer.bytes[range.clone()]);
                piece_is_due = true;
            }
            Step::Delay(time) => {
                connection.flush().await?;
                piece_is_due = false;
                unless_gone(connection, tokio::time::sleep(*time)).await?;
            }
            Step::Gate(gate) => {
                connection.flush().await?;
                piece_is_due = false;
                if let Some(case) = case {
                    unless_gone(connection, case.gates.pass(gate)).await?;
                }
            }
            Step::Hold => {
                put_due_head(connection, answer, end, keep_alive, &mut head_is_due);
                connection.flush().await?;
                connection.gone().await;
                return Err(());
            }
            Step::Vanish => {
                put_due_head(connection, answer, end, keep_alive, &mut head_is_due);
                connection.flush().await?;
                return std::future::pending().await;
            }
            Step::Abort(how, range) => {
                if *how == Abort::Half {
                    put_due_head(connection, answer, end, keep_alive, &mut head_is_due);
                    connection.put_half(end, &answer.bytes[range.clone()]);
                }
                connection.flush().await?;
                return Ok(if *how == Abort::Reset { After::Reset } else { After::Close });
            }
        }
    }
    put_due_head(connection, answer, end, keep_alive, &mut head_is_due);
    connection.put_end(end);
    connection.flush().await?;
    Ok(if keep_alive { After::Open } else { After::Close })
}

fn put_due_head(connection: &mut Connection, answer: &Answer, end: End, keep_alive: bool, due: &mut bool) {
    if std::mem::take(due) {
        connection.put_head(answer, end, keep_alive);
    }
}

/// Waits, unless the client goes away first.
async fn unless_gone(connection: &mut Connection, waiting: impl Future<Output = ()>) -> Result<(), ()> {
    tokio::select! {
        biased;
        () = waiting => Ok(()),
        () = connection.gone() => Err(()),
    }
}
