//! A server that says exactly what a test wants, to the byte.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Serves one answer for each connection; then nobody listens any more.
pub struct Peer {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
    /// Connections that are neither answered to the end nor closed.
    _held: Arc<Mutex<Vec<TcpStream>>>,
}

/// What is done with one connection after its request was read.
type Serve = Box<dyn FnMut(TcpStream) + Send>;

impl Peer {
    pub fn with(answers: Vec<Vec<u8>>) -> Peer {
        let mut answers = answers.into_iter();
        let count = answers.len();
        Peer::serve(count, |_| Box::new(move |mut stream| drop(stream.write_all(&answers.next().unwrap_or_default()))))
    }

    /// Each piece leaves on its own.
    pub fn in_pieces(answer: Vec<u8>, size: usize) -> Peer {
        Peer::serve(1, |_| {
            Box::new(move |mut stream| {
                stream.set_nodelay(true).expect("it is a socket");
                answer.chunks(size).for_each(|piece| drop(stream.write_all(piece)));
            })
        })
    }

    /// Reads the request, and says nothing.
    pub fn silent() -> Peer {
        Peer::holding(vec![])
    }

    /// Says this, and holds the connection.
    pub fn holding(answer: Vec<u8>) -> Peer {
        Peer::serve(1, |held| {
            Box::new(move |mut stream| {
                let _ = stream.write_all(&answer);
                held.lock().expect("no panic").push(stream);
            })
        })
    }

    /// Says this, and then the same without end (200 MB are enough for that).
    pub fn flooding(head: &str, piece: &[u8]) -> Peer {
        let (head, piece) = (head.to_owned(), piece.to_vec());
        Peer::serve(1, |_| {
            Box::new(move |mut stream| {
                let _ = stream.write_all(head.as_bytes());
                let times = (200 << 20) / piece.len();
                let _ = (0..times).try_for_each(|_| stream.write_all(&piece));
            })
        })
    }

    /// An address where nobody listens.
    pub fn gone() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
        format!("http://{}", listener.local_addr().expect("it is bound"))
    }

    fn serve(connections: usize, make: impl FnOnce(Arc<Mutex<Vec<TcpStream>>>) -> Serve) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (asked, held) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let (mut serve, seen) = (make(held.clone()), asked.clone());
        std::thread::spawn(move || {
            for _ in 0..connections {
                let Ok((mut stream, _)) = listener.accept() else { return };
                seen.lock().expect("no panic").push(request(&mut stream));
                serve(stream);
            }
        });
        Peer { url, asked, _held: held }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The n-th request, whole.
    pub fn asked(&self, n: usize) -> String {
        self.asked.lock().expect("no panic").get(n).cloned().unwrap_or_else(|| panic!("there was no request {n}"))
    }
}

/// Reads a request to the end of its body.
fn request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("it is a socket");
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        // A TLS client that was sent here by mistake.
        if bytes.first() == Some(&0x16) {
            return text;
        }
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ").map(str::to_owned));
            if body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return text,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
        }
    }
}

/// A whole answer with a JSON body.
pub fn json(status: u16, body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nconnection: close\r\n");
    match body.is_empty() {
        true => format!("{head}\r\n").into_bytes(),
        false => format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes(),
    }
}

/// An event stream that ends with its connection.
pub fn events(events: &[&str]) -> Vec<u8> {
    let events: String = events.iter().map(|event| format!("{event}\n\n")).collect();
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n{events}").into_bytes()
}
