//! Standard input of a mock: agents often leave it open, so nothing here may wait for ever; and in `… | while read x; do tool $x; done`
//! it belongs to the loop, so nothing is taken from it unless a rule decides by it.
//!
//! Owns: what kinds of input are read, how long is waited, how much is kept.
//! Must not know: what the input is used for.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FileType, fstat};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// No more than this is kept; the rest is counted.
pub const KEPT: usize = 1 << 20;

/// How long is waited for more.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Without a single byte arriving.
    pub silence: Duration,
    /// In all.
    pub total: Duration,
}

impl Patience {
    /// The input is only written down.
    pub const GLANCE: Patience = Patience { silence: Duration::from_millis(100), total: Duration::from_secs(1) };
    /// A rule decides by the input: as the real tool, wait for its end, but not for ever.
    pub const FULL: Patience = Patience { silence: Duration::from_secs(2), total: Duration::from_secs(10) };
}

/// The first bytes (at most [`KEPT`]), and how many there were.
#[derive(Debug, Default, PartialEq)]
pub struct Input {
    pub head: Vec<u8>,
    pub bytes: u64,
}

fn kind(fd: BorrowedFd<'_>) -> Option<FileType> {
    let kind = FileType::from_raw_mode(fstat(fd).ok()?.st_mode);
    matches!(kind, FileType::Fifo | FileType::RegularFile | FileType::Socket).then_some(kind)
}

/// Reads a pipe, a file or a socket to its end, or until patience is over. Terminals and devices are left alone.
pub fn read(fd: impl AsFd, patience: Patience) -> Input {
    let mut input = Input::default();
    let fd = fd.as_fd();
    if kind(fd).is_none() {
        return input;
    }
    let end = Instant::now() + patience.total;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let left = end.saturating_duration_since(Instant::now()).min(patience.silence);
        match poll(&mut [PollFd::new(&fd, PollFlags::IN)], Some(&timespec(left))) {
            Ok(0) => return input,
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return input,
        }
        match rustix::io::read(fd, chunk.as_mut_slice()) {
            Ok(0) => return input,
            Ok(count) => {
                let room = KEPT - input.head.len();
                input.head.extend_from_slice(&chunk[..count.min(room)]);
                input.bytes += count as u64;
            }
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(_) => return input,
        }
        if Instant::now() >= end {
            return input;
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: duration.subsec_nanos().into() }
}

/// Looks at what is there, and takes nothing: whoever reads next finds it all. Waits until the writer has closed, or is silent.
/// Of a pipe no more than its buffer can be seen, and none of it except on Linux.
pub fn glance(fd: impl AsFd, patience: Patience) -> Input {
    let fd = fd.as_fd();
    let head = match kind(fd) {
        Some(FileType::RegularFile) => file_rest(fd),
        Some(FileType::Fifo) => {
            let waiting = settle(fd, patience);
            pipe_copy(fd, waiting)
        }
        Some(FileType::Socket) => {
            let waiting = settle(fd, patience);
            socket_copy(fd, waiting)
        }
        _ => vec![],
    };
    Input { bytes: head.len() as u64, head }
}

/// How many bytes wait, once the writer has closed or nothing more came for a while.
fn settle(fd: BorrowedFd<'_>, patience: Patience) -> usize {
    let begin = Instant::now();
    let (mut waiting, mut since) = (0, begin);
    loop {
        let slice = timespec(Duration::from_millis(5).min(patience.silence));
        let mut polled = [PollFd::new(&fd, hang_up())];
        let over = !matches!(poll(&mut polled, Some(&slice)), Ok(0) | Err(rustix::io::Errno::INTR));
        let now = rustix::io::ioctl_fionread(fd).unwrap_or(0) as usize;
        if now != waiting {
            (waiting, since) = (now, Instant::now());
        }
        if over || since.elapsed() >= patience.silence || begin.elapsed() >= patience.total {
            return waiting.min(KEPT);
        }
    }
}

/// What tells that no more will come. The end of a pipe is always told.
fn hang_up() -> PollFlags {
    #[cfg(target_os = "linux")]
    return PollFlags::RDHUP;
    #[cfg(not(target_os = "linux"))]
    return PollFlags::empty();
}

/// What stands between the file's position and its end; the position stays.
fn file_rest(fd: BorrowedFd<'_>) -> Vec<u8> {
    let Ok(mut at) = rustix::fs::tell(fd) else { return vec![] };
    let mut head = Vec::new();
    let mut chunk = vec![0; 64 * 1024];
    while head.len() < KEPT {
        match rustix::io::pread(fd, chunk.as_mut_slice(), at) {
            Ok(0) | Err(_) => break,
            Ok(count) => {
                head.extend_from_slice(&chunk[..count]);
                at += count as u64;
            }
        }
    }
    head.truncate(KEPT);
    head
}

#[cfg(target_os = "linux")]
fn pipe_copy(fd: BorrowedFd<'_>, waiting: usize) -> Vec<u8> {
    if waiting == 0 {
        return vec![];
    }
    let copied = rustix::pipe::pipe().and_then(|(reader, writer)| {
        let count = rustix::pipe::tee(fd, &writer, waiting, rustix::pipe::SpliceFlags::NONBLOCK)?;
        let mut head = vec![0; count];
        let read = rustix::io::read(&reader, head.as_mut_slice())?;
        head.truncate(read);
        Ok(head)
    });
    copied.unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn pipe_copy(_fd: BorrowedFd<'_>, _waiting: usize) -> Vec<u8> {
    vec![]
}

fn socket_copy(fd: BorrowedFd<'_>, waiting: usize) -> Vec<u8> {
    use rustix::net::{RecvFlags, recv};
    let mut head = vec![0; waiting];
    let count = recv(fd, head.as_mut_slice(), RecvFlags::PEEK | RecvFlags::DONTWAIT).map_or(0, |(_, count)| count);
    head.truncate(count);
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Seek as _, Write as _};
    use std::os::unix::net::UnixStream;

    const SHORT: Patience = Patience { silence: Duration::from_millis(20), total: Duration::from_millis(200) };

    #[test]
    fn a_closed_pipe_is_read_to_its_end() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"hello").unwrap();
        drop(writer);
        assert_eq!(read(reader, SHORT), Input { head: b"hello".to_vec(), bytes: 5 });
    }

    #[test]
    fn an_open_pipe_never_blocks() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        assert_eq!(glance(&reader, SHORT), Input::default());
        writer.write_all(b"part").unwrap();
        assert_eq!(glance(&reader, SHORT).head, b"part");
        assert_eq!(read(reader, SHORT).head, b"part");
        drop(writer);
    }

    #[test]
    fn a_glance_takes_nothing_from_a_pipe() {
        let (mut reader, mut writer) = std::io::pipe().unwrap();
        writer.write_all(b"one\ntwo\n").unwrap();
        drop(writer);
        let waited = Instant::now();
        assert_eq!(glance(&reader, Patience::FULL).head, b"one\ntwo\n");
        assert!(waited.elapsed() < Duration::from_secs(1), "a closed pipe is not waited for");
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "one\ntwo\n");
    }

    #[test]
    fn a_glance_takes_nothing_from_a_file_or_a_socket() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"used rest").unwrap();
        file.seek(std::io::SeekFrom::Start(5)).unwrap();
        assert_eq!(glance(&file, SHORT).head, b"rest");
        assert_eq!(file.stream_position().unwrap(), 5);

        let (mut near, mut far) = UnixStream::pair().unwrap();
        far.write_all(b"hi").unwrap();
        far.shutdown(std::net::Shutdown::Write).unwrap();
        assert_eq!(glance(&near, Patience::FULL).head, b"hi");
        let mut rest = String::new();
        near.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "hi");
    }

    #[test]
    fn more_than_is_kept_is_counted() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let writing = std::thread::spawn(move || writer.write_all(&vec![b'x'; KEPT + 5]).unwrap());
        let input = read(reader, Patience { silence: Duration::from_secs(5), total: Duration::from_secs(20) });
        writing.join().unwrap();
        assert_eq!((input.head.len(), input.bytes), (KEPT, KEPT as u64 + 5));
    }

    #[test]
    fn a_device_is_left_alone() {
        let zero = std::fs::File::open("/dev/zero").unwrap();
        assert_eq!((read(&zero, SHORT), glance(&zero, SHORT)), (Input::default(), Input::default()));
    }
}
