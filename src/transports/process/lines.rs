//! Bytes cut into lines, with limits that a flooding program cannot pass.
//!
//! Owns: the cutting, the limits, what was collected.
//! Must not know: where bytes come from, what a line means.

/// Cuts one output into lines and keeps its beginning.
pub(super) struct Lines {
    /// A longer line is cut here.
    longest: usize,
    /// So much is kept of the whole output.
    kept: usize,
    open: Vec<u8>,
    collected: Vec<u8>,
}

impl Lines {
    pub(super) fn new(longest: usize, kept: usize) -> Lines {
        Lines { longest, kept, open: Vec::new(), collected: Vec::new() }
    }

    /// Takes the next bytes and hands each line that is now complete, without its end, to `each`. Empty lines are left out.
    pub(super) fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        let room = self.kept - self.collected.len();
        self.collected.extend_from_slice(&bytes[..bytes.len().min(room)]);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = self.longest - self.open.len();
            let (text, ends) = match piece.strip_suffix(b"\n") {
                Some(text) => (text, true),
                None => (piece, false),
            };
            self.open.extend_from_slice(&text[..text.len().min(room)]);
            if ends {
                give(&mut self.open, &mut each);
            }
        }
    }

    /// Keeps only so much of the line that has no end yet.
    pub(super) fn cut(&mut self, longest: usize) {
        self.open.truncate(longest);
    }

    /// The last line, if it had no end.
    pub(super) fn rest(&mut self, mut each: impl FnMut(&[u8])) {
        give(&mut self.open, &mut each);
    }

    /// All that was kept, as text, without the line breaks at its end (as a shell's `$(…)` gives it).
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.collected).trim_end_matches(['\n', '\r']).to_owned()
    }
}

fn give(open: &mut Vec<u8>, each: &mut impl FnMut(&[u8])) {
    let line = open.strip_suffix(b"\r").unwrap_or(open);
    if !line.is_empty() {
        each(line);
    }
    open.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX_LINE: usize = 1 << 20;
    const MAX_COLLECTED: usize = 8 << 20;

    fn cut(pieces: &[&[u8]]) -> (Vec<String>, Lines) {
        let mut lines = Lines::new(MAX_LINE, MAX_COLLECTED);
        let mut out = Vec::new();
        for piece in pieces {
            lines.take(piece, |line| out.push(String::from_utf8_lossy(line).into_owned()));
        }
        lines.rest(|line| out.push(String::from_utf8_lossy(line).into_owned()));
        (out, lines)
    }

    #[test]
    fn lines_are_the_same_however_they_are_cut() {
        assert_eq!(cut(&[b"a\r\nbc\n\nd"]).0, ["a", "bc", "d"]);
        assert_eq!(cut(&[b"a", b"\r", b"\nb", b"c\n", b"\nd"]).0, ["a", "bc", "d"]);
    }

    #[test]
    fn the_text_has_no_line_break_at_its_end() {
        assert_eq!(cut(&[b"\n a\nb\n\n"]).1.text(), "\n a\nb");
    }

    #[test]
    fn a_flood_is_cut() {
        let long = vec![b'x'; MAX_LINE + 10];
        let (lines, _) = cut(&[&long, b"\n", b"y"]);
        assert_eq!((lines[0].len(), lines[1].as_str()), (MAX_LINE, "y"));
        let many = vec![b'z'; MAX_COLLECTED];
        assert_eq!(cut(&[&many, &many]).1.text().len(), MAX_COLLECTED);
    }
}
