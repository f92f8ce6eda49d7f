//! Byte streams and the events that every reader of server-sent events must deliver.

use checkride::wire::sse_read::Reader;
use serde_json::{Value, json};

fn read(input: &[u8], size: usize) -> Vec<Value> {
    let (mut events, mut reader) = (Vec::new(), Reader::new(1 << 20));
    for piece in input.chunks(size.max(1)) {
        let each = |event: checkride::wire::sse_read::Event| {
            events.push(json!({"type": event.kind, "data": event.data, "last_event_id": event.last_event_id}));
        };
        reader.feed(piece, each).expect("no vector is long");
    }
    events
}

#[test]
fn every_vector_holds_whole_and_byte_by_byte() {
    let document: Value = serde_json::from_str(include_str!("sse.json")).expect("the vectors are JSON");
    let vectors = document["vectors"].as_array().expect("a list");
    assert!(vectors.len() >= 27);
    for vector in vectors {
        let input = vector["input"].as_str().expect("a text").as_bytes();
        for size in [1, 2, 7, input.len()] {
            assert_eq!(Value::from(read(input, size)), vector["events"], "{} in pieces of {size}", vector["name"]);
        }
    }
}
