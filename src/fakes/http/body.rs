//! Bodies: of a known length, or in chunks, however they are split on arrival.
//!
//! Owns: the chunked coding.
//! Must not know: sockets.

use super::connection::Refusal;
use super::request::Framing;

/// Takes a body from a stream of bytes.
#[derive(Debug)]
pub struct BodyReader {
    pub body: Vec<u8>,
    most: usize,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// This many bytes of a body without chunks are still to come.
    Counted(u64),
    ChunkHead,
    Chunk(u64),
    /// The line end after a chunk.
    ChunkEnd,
    /// Trailers, up to the empty line.
    Trailers,
    Done,
}

/// Chunk heads and trailers are short; a line beyond this is an attack or a mistake.
const LONGEST_LINE: usize = 8 * 1024;

impl BodyReader {
    /// Refuses a body that says it is larger than `most`.
    pub fn new(framing: Framing, most: usize) -> Result<BodyReader, Refusal> {
        // A body that says it is huge gets its memory as it arrives.
        let room = if let Framing::Length(length) = framing { length.min(64 * 1024) as usize } else { 0 };
        let state = match framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) if length > most as u64 => return Err(Refusal::body_too_large(most)),
            Framing::Length(length) => State::Counted(length),
            Framing::Chunked => State::ChunkHead,
        };
        Ok(BodyReader { body: Vec::with_capacity(room), most, state })
    }

    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Takes what belongs to the body and returns how many bytes that were. What is left needs more bytes to be understood.
    pub fn take(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let mut taken = 0;
        while !self.is_done() {
            match self.step(&bytes[taken..])? {
                0 => break,
                count => taken += count,
            }
        }
        Ok(taken)
    }

    fn step(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        match self.state {
            State::Counted(left) | State::Chunk(left) => {
                let count = left.min(bytes.len() as u64);
                if self.body.len() as u64 + count > self.most as u64 {
                    return Err(Refusal::body_too_large(self.most));
                }
                self.body.extend_from_slice(&bytes[..count as usize]);
                self.state = match (self.state, left - count) {
                    (State::Counted(_), 0) => State::Done,
                    (State::Counted(_), left) => State::Counted(left),
                    (_, 0) => State::ChunkEnd,
                    (_, left) => State::Chunk(left),
                };
                Ok(count as usize)
            }
            State::ChunkHead | State::ChunkEnd | State::Trailers => self.line(bytes),
            State::Done => Ok(0),
        }
    }

    fn line(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let Some(end) = bytes.iter().take(LONGEST_LINE).position(|byte| *byte == b'\n') else {
            return if bytes.len() >= LONGEST_LINE { Err(Refusal::bad_request("a line of the chunked body is too long")) } else { Ok(0) };
        };
        let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
        self.state = match self.state {
            State::ChunkEnd if line.is_empty() => State::ChunkHead,
            State::ChunkEnd => return Err(Refusal::bad_request("a chunk of the body is longer than it says")),
            State::Trailers if line.is_empty() => State::Done,
            State::Trailers => State::Trailers,
            _ => match chunk_size(line) {
                Some(0) => State::Trailers,
                Some(size) if size > self.most as u64 => return Err(Refusal::body_too_large(self.most)),
                Some(size) => State::Chunk(size),
                None => return Err(Refusal::bad_request("the size of a chunk is not a hexadecimal number")),
            },
        };
        Ok(end + 1)
    }
}

/// Extensions after `;` are allowed and mean nothing here.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    if digits.is_empty() || digits.len() > 16 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the bytes in pieces of `size`; gives the body and what was left over.
    fn read(bytes: &[u8], size: usize, most: usize) -> Result<(Vec<u8>, Vec<u8>, bool), u16> {
        let mut reader = BodyReader::new(Framing::Chunked, most).map_err(|refusal| refusal.status)?;
        let mut waiting = Vec::new();
        for piece in bytes.chunks(size) {
            waiting.extend_from_slice(piece);
            let taken = reader.take(&waiting).map_err(|refusal| refusal.status)?;
            waiting.drain(..taken);
        }
        let done = reader.is_done();
        Ok((reader.body, waiting, done))
    }

    #[test]
    fn chunks_are_joined_however_they_are_split() {
        let bytes = b"3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\nGET";
        for size in [1, 2, 3, 7, 100] {
            assert_eq!(read(bytes, size, 100), Ok((b"abc0123456789".to_vec(), b"GET".to_vec(), true)), "{size}");
        }
    }

    #[test]
    fn a_body_that_breaks_off_is_not_done() {
        for bytes in [&b"3\r\nab"[..], b"3\r\nabc\r\n", b"3\r\nabc\r\n0\r\n"] {
            assert!(!read(bytes, 1, 100).unwrap().2, "{bytes:?}");
        }
    }

    #[test]
    fn ill_formed_chunks_are_refused() {
        for bytes in [&b"x\r\n"[..], b"\r\n", b"-1\r\n", b"1\r\nabc\r\n", b"fffffffffffffffff\r\n"] {
            assert_eq!(read(bytes, 1, 100), Err(400), "{bytes:?}");
        }
    }

    #[test]
    fn too_much_is_refused_before_it_is_kept() {
        assert_eq!(read(b"ffff\r\n", 1, 100), Err(413));
        assert_eq!(read(b"3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n", 1, 5), Err(413));
        assert!(BodyReader::new(Framing::Length(101), 100).is_err_and(|refusal| refusal.status == 413));
    }
}
