//! Places in files: every value that came from YAML remembers where it stood.
//!
//! Owns: byte spans, the table of source files, the way from a byte to line and column.
//! Must not know: what a file contains, how a diagnostic is drawn.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

/// A file in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A range of bytes in one file. [`Span::NONE`] marks values that no file holds (the command line, defaults).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub const NONE: Span = Span { file: FileId(u32::MAX), start: 0, end: 0 };

    pub fn new(file: FileId, start: usize, end: usize) -> Span {
        Span { file, start: start as u32, end: end.max(start) as u32 }
    }

    /// True if the value stands in no file.
    pub fn is_none(self) -> bool {
        self.file == Span::NONE.file
    }
}

impl Default for Span {
    fn default() -> Span {
        Span::NONE
    }
}

/// A place as people read it: path as the user would type it, line and column from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    pub path: String,
    pub line: usize,
    pub column: usize,
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.path, self.line, self.column)
    }
}

/// One loaded file.
#[derive(Debug)]
pub struct SourceFile {
    pub path: String,
    pub text: String,
    line_starts: Vec<u32>,
    looked_for: Mutex<HashMap<String, bool>>,
}

impl SourceFile {
    fn new(path: String, text: String) -> SourceFile {
        let ends = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i as u32 + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        SourceFile { path, text, line_starts, looked_for: Mutex::default() }
    }

    /// True if the file holds this text. It is looked for once: thousands of cases of one file ask for the same.
    pub fn holds(&self, text: &str) -> bool {
        let mut looked_for = self.looked_for.lock().expect("no panic happens under this lock");
        if let Some(known) = looked_for.get(text) {
            return *known;
        }
        let holds = self.text.contains(text);
        looked_for.insert(text.to_owned(), holds);
        holds
    }

    /// Line (from 1) and column (from 1, in characters) of a byte offset.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.line_starts.partition_point(|start| *start as usize <= offset);
        let start = self.line_starts[line - 1] as usize;
        let column = self.text.get(start..offset).map_or(offset - start, |s| s.chars().count());
        (line, column + 1)
    }
}

/// All files of one run. Shared, append-only: a [`FileId`] stays valid for as long as the table lives.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Arc<RwLock<Vec<Arc<SourceFile>>>>,
}

impl Sources {
    /// Adds a file and returns its id; `path` is shown to people as it is.
    pub fn add(&self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let mut files = self.files.write().expect("no panic happens under this lock");
        files.push(Arc::new(SourceFile::new(path.into(), text.into())));
        FileId(files.len() as u32 - 1)
    }

    pub fn get(&self, file: FileId) -> Option<Arc<SourceFile>> {
        self.files.read().expect("no panic happens under this lock").get(file.0 as usize).cloned()
    }

    /// The path, line and column where a span begins; `None` for [`Span::NONE`].
    pub fn locate(&self, span: Span) -> Option<Location> {
        let file = self.get(span.file)?;
        let (line, column) = file.line_column(span.start as usize);
        Some(Location { path: file.path.clone(), line, column })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_not_bytes() {
        let sources = Sources::default();
        let file = sources.add("a.yaml", "ä: ö\nb: c\n");
        let at = |start| sources.locate(Span::new(file, start, start + 1)).expect("in the file").to_string();
        assert_eq!(at(0), "a.yaml:1:1");
        assert_eq!(at(4), "a.yaml:1:4");
        assert_eq!(at(7), "a.yaml:2:1");
    }

    #[test]
    fn a_file_holds_what_stands_in_it_however_often_one_asks() {
        let sources = Sources::default();
        let file = sources.get(sources.add("a.yaml", "key: s3cret\n")).expect("it was added");
        assert!(file.holds("s3cret") && file.holds("s3cret"));
        assert!(!file.holds("secret") && !file.holds("secret"));
    }

    #[test]
    fn a_value_of_no_file_has_no_place() {
        assert_eq!(Sources::default().locate(Span::NONE), None);
    }
}
