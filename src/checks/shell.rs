//! The commands that a shell text runs, as far as that can be known without running it.
//!
//! Owns: words and quotes, operators, what stands in front of a command's name, which commands are sure to be run.
//! Must not know: what the commands do, who runs the text.

/// One command of a shell text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// As written: `curl`, or `/usr/bin/curl`.
    pub program: String,
    /// `None` where the shell would still change one of them.
    pub args: Option<Vec<String>>,
    pub sure: Sure,
}

/// Whether a command is run at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sure {
    /// Whatever the commands before it do.
    Always,
    /// If those before it go well (`a && b`).
    IfWell,
    /// Nobody knows: behind `||`, in a branch, a loop or a function.
    Perhaps,
}

impl Run {
    /// The name of its file.
    pub fn name(&self) -> &str {
        self.program.rsplit('/').next().unwrap_or(&self.program)
    }
}

/// The commands in a text for a shell, in the order written; those inside `$(…)`, `sh -c '…'` and behind `env`, `sudo` and their like too.
pub fn runs(text: &str) -> Vec<Run> {
    let mut parser = Parser::new(Sure::Always);
    parser.text(text);
    parser.runs
}

/// The command that these words are, without a shell around them.
pub fn run_of(words: &[String]) -> Vec<Run> {
    let mut parser = Parser::new(Sure::Always);
    parser.words = words.iter().map(|text| Word { text: text.clone(), open: false }).collect();
    parser.command();
    parser.runs
}

#[derive(Clone, Debug, Default)]
struct Word {
    text: String,
    /// The shell changes it: `$x`, `*`, `~`.
    open: bool,
}

/// What a word at the place of a command opened, until its end.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Block {
    /// Up to `then` or `do`, what stands there is run.
    If,
    Loop,
    For,
    Branch,
    Braces,
}

struct Parser {
    runs: Vec<Run>,
    words: Vec<Word>,
    blocks: Vec<Block>,
    outer: Sure,
    /// Of the next command in its list.
    sure: Sure,
    /// Words at whose lines the bodies of here-documents end.
    here: Vec<String>,
}

impl Parser {
    fn new(outer: Sure) -> Parser {
        Parser { runs: vec![], words: vec![], blocks: vec![], outer, sure: Sure::Always, here: vec![] }
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                ' ' | '\t' | '\r' => after,
                '\n' => {
                    self.end(Sure::Always);
                    self.skip_here(after)
                }
                '#' => after.find('\n').map_or("", |at| &after[at..]),
                ';' => self.operator(after.trim_start_matches(';'), Sure::Always),
                '&' if after.starts_with('&') => self.operator(&after[1..], Sure::IfWell),
                '&' if after.starts_with('>') => self.redirect(&after[1..]),
                '&' => self.operator(after, Sure::Always),
                '|' if after.starts_with('|') => self.operator(&after[1..], Sure::Perhaps),
                '|' => {
                    self.command();
                    after.strip_prefix('&').unwrap_or(after)
                }
                '(' if !self.words.is_empty() => {
                    // A function: its body is run by whoever calls it.
                    self.words.clear();
                    self.blocks.push(Block::Branch);
                    after.trim_start().strip_prefix(')').unwrap_or(after)
                }
                '(' | ')' => self.operator(after, self.sure),
                '<' | '>' if after.starts_with('(') => self.word(rest),
                '<' if after.starts_with("<<") => self.redirect(&after[2..]),
                '<' if after.starts_with('<') => self.here(after[1..].trim_start_matches('-')),
                '<' | '>' => self.redirect(after.trim_start_matches(['>', '&', '|', '<'])),
                _ => self.word(rest),
            };
        }
        self.end(Sure::Always);
    }

    fn operator<'t>(&mut self, rest: &'t str, next: Sure) -> &'t str {
        self.command();
        // Behind `||` a list is unsure up to its end.
        self.sure = if next == Sure::Always { Sure::Always } else { self.sure.max(next) };
        rest
    }

    fn end(&mut self, next: Sure) {
        self.command();
        self.sure = next;
    }

    fn word<'t>(&mut self, text: &'t str) -> &'t str {
        let (word, inner, rest) = word(text);
        for text in inner {
            self.nested(&text, self.here_sure());
        }
        // A number in front of a redirection belongs to it.
        if rest.starts_with(['<', '>']) && !word.open && word.text.bytes().all(|byte| byte.is_ascii_digit()) {
            return rest;
        }
        self.words.push(word);
        self.reserved();
        rest
    }

    fn redirect<'t>(&mut self, rest: &'t str) -> &'t str {
        let (_, inner, rest) = word(rest.trim_start_matches([' ', '\t']));
        inner.iter().for_each(|text| self.nested(text, self.here_sure()));
        rest
    }

    fn here<'t>(&mut self, rest: &'t str) -> &'t str {
        let (word, _, rest) = word(rest.trim_start_matches([' ', '\t']));
        self.here.push(word.text);
        rest
    }

    fn skip_here<'t>(&mut self, mut rest: &'t str) -> &'t str {
        for end in std::mem::take(&mut self.here) {
            while !rest.is_empty() {
                let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
                rest = after;
                if line.trim_start_matches('\t') == end {
                    break;
                }
            }
        }
        rest
    }

    /// A word of the shell's own at the place of a command.
    fn reserved(&mut self) {
        let [only] = self.words.as_slice() else { return };
        let pop = |blocks: &mut Vec<Block>| {
            blocks.pop();
        };
        match only.text.as_str() {
            "if" => self.blocks.push(Block::If),
            "while" | "until" => self.blocks.push(Block::Loop),
            "case" => self.blocks.push(Block::Branch),
            "for" | "select" => {
                self.blocks.push(Block::For);
                return;
            }
            "then" | "else" | "elif" => self.turn(Block::If),
            "do" => self.turn(Block::Loop),
            "fi" | "done" | "esac" => pop(&mut self.blocks),
            "}" => {
                pop(&mut self.blocks);
                // The body of a function is over with its braces.
                if self.blocks.last() == Some(&Block::Branch) {
                    pop(&mut self.blocks);
                }
            }
            "{" => self.blocks.push(Block::Braces),
            "!" | "time" => {}
            _ => return,
        }
        self.words.clear();
    }

    fn turn(&mut self, from: Block) {
        if let Some(last) = self.blocks.last_mut().filter(|last| **last == from) {
            *last = Block::Branch;
        }
    }

    fn here_sure(&self) -> Sure {
        let branch = if self.blocks.contains(&Block::Branch) { Sure::Perhaps } else { Sure::Always };
        self.outer.max(self.sure).max(branch)
    }

    fn nested(&mut self, text: &str, sure: Sure) {
        let mut inner = Parser::new(sure);
        inner.text(text);
        self.runs.append(&mut inner.runs);
    }

    /// Takes the words read so far as a command.
    fn command(&mut self) {
        let words = std::mem::take(&mut self.words);
        let mut sure = self.here_sure();
        let Some(at) = start(&words, &mut sure) else { return };
        let (program, rest) = (&words[at], &words[at + 1..]);
        if program.open || program.text.is_empty() {
            return;
        }
        let args = rest.iter().all(|word| !word.open).then(|| rest.iter().map(|word| word.text.clone()).collect());
        let run = Run { program: program.text.clone(), args, sure };
        match run.name() {
            "sh" | "bash" | "zsh" | "dash" | "ksh" => {
                let option =
                    rest.iter().position(|word| word.text.starts_with('-') && !word.text.starts_with("--") && word.text.ends_with('c'));
                if let Some(text) = option.and_then(|at| rest.get(at + 1)) {
                    self.nested(&text.text, sure);
                }
            }
            "eval" => self.nested(&rest.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" "), sure),
            // What comes after is never run.
            "exit" | "return" if sure == Sure::Always => self.outer = Sure::Perhaps,
            _ => {}
        }
        self.runs.push(run);
    }
}

/// The place of the command's name: behind assignments, and behind programs that run another one.
fn start(words: &[Word], sure: &mut Sure) -> Option<usize> {
    /// Programs that run what follows, and their options that take a value.
    const BEFORE: [(&str, &[&str]); 11] = [
        ("env", &["-u", "-C", "-S"]),
        ("command", &[]),
        ("exec", &["-a"]),
        ("nohup", &[]),
        ("nice", &["-n"]),
        ("sudo", &["-u", "-g", "-h", "-p"]),
        ("timeout", &["-k", "-s"]),
        ("stdbuf", &["-i", "-o", "-e"]),
        ("setsid", &[]),
        ("busybox", &[]),
        ("xargs", &["-I", "-n", "-P", "-L", "-d", "-a", "-s"]),
    ];
    let mut at = 0;
    loop {
        at += words[at..].iter().take_while(|word| is_assignment(&word.text)).count();
        let name = words.get(at)?.text.rsplit('/').next()?;
        let Some((before, valued)) = BEFORE.iter().find(|(before, _)| *before == name) else { return Some(at) };
        at += 1;
        while let Some(word) = words.get(at).filter(|word| word.text.starts_with('-')) {
            // `command -v curl` only asks.
            if *before == "command" && matches!(word.text.as_str(), "-v" | "-V") {
                return None;
            }
            at += if valued.contains(&word.text.as_str()) { 2 } else { 1 };
        }
        match *before {
            // Its first word is the time.
            "timeout" => at += 1,
            "xargs" => *sure = Sure::Perhaps,
            _ => {}
        }
        if at >= words.len() {
            return None;
        }
    }
}

fn is_assignment(word: &str) -> bool {
    let name = |name: &str| {
        !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    word.split_once('=').is_some_and(|(before, _)| name(before))
}

/// Reads one word; gives the texts of the commands inside it, and what follows.
fn word(text: &str) -> (Word, Vec<String>, &str) {
    let (mut word, mut inner) = (Word::default(), Vec::new());
    let mut rest = text;
    let mut double = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '"' => {
                double = !double;
                after
            }
            '\'' if !double => {
                let (quoted, after) = after.split_once('\'').unwrap_or((after, ""));
                word.text.push_str(quoted);
                after
            }
            '\\' => {
                let next = after.chars().next();
                // Between double quotes only some characters are escaped.
                if double && !next.is_some_and(|c| matches!(c, '$' | '`' | '"' | '\\' | '\n')) {
                    word.text.push('\\');
                }
                word.text.extend(next.filter(|c| *c != '\n'));
                &after[next.map_or(0, char::len_utf8)..]
            }
            '$' | '<' | '>' if after.starts_with('(') && (c == '$' || !double) => {
                word.open = true;
                let (own, after) = parenthesised(&after[1..]);
                inner.push(own.to_owned());
                after
            }
            '`' => {
                word.open = true;
                let (own, after) = after.split_once('`').unwrap_or((after, ""));
                inner.push(own.to_owned());
                after
            }
            '$' => {
                word.open = true;
                word.text.push('$');
                after
            }
            _ if !double && (c.is_whitespace() || matches!(c, ';' | '&' | '|' | '(' | ')' | '<' | '>')) => break,
            _ => {
                word.open |= !double
                    && matches!(c, '*' | '?' | '[' | '~' | '{')
                    && !(c == '{' && word.text.is_empty() && after.starts_with(char::is_whitespace));
                word.text.push(c);
                after
            }
        };
    }
    (word, inner, rest)
}

/// Up to the closing parenthesis; quotes inside are not looked at.
fn parenthesised(text: &str) -> (&str, &str) {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return (&text[..at], &text[at + 1..]);
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests;
