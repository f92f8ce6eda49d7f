//! Hosts that lead to a fake.

use super::*;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[tokio::test]
async fn a_request_arrives_below_the_fakes_base_url_and_nothing_else_is_changed() {
    let world = World::new().await;
    let sending = tokio::spawn(world.client().post("https://api.openai.com/v1/responses?a=b%20c").header("x-own", "1").body("{}").send());
    let mut server = world.asked().await;
    let head = until(&mut server, "\r\n\r\n").await;
    assert!(head.starts_with("POST /c/llm/v1/responses?a=b%20c HTTP/1.1\r\n"), "{head}");
    assert!(head.contains("host: api.openai.com\r\n") && head.contains("x-own: 1\r\n"), "{head}");
    assert_eq!(until(&mut server, "{}").await, "{}");
    server.write_all(OK).await.unwrap();
    assert_eq!(sending.await.unwrap().unwrap().text().await.unwrap(), "ok");
    assert_eq!(world.tried(), ["CONNECT api.openai.com:443 - true llm"]);
}

#[tokio::test]
async fn one_tunnel_carries_many_requests_with_bodies_of_either_framing() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(client.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    // What looks like a request in a body is none.
    client.write_all(b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-length: 24\r\n\r\nGET /inner HTTP/1.1\r\n\r\n!").await.unwrap();
    let mut server = world.asked().await;
    let first = until(&mut server, "!").await;
    assert!(first.starts_with("POST /c/llm/a HTTP/1.1\r\n") && first.ends_with("\r\n\r\nGET /inner HTTP/1.1\r\n\r\n!"), "{first}");
    server.write_all(OK).await.unwrap();
    until(&mut client, "ok").await;
    client.write_all(b"POST /b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n").await.unwrap();
    assert!(until(&mut server, "abc\r\n").await.starts_with("POST /c/llm/b HTTP/1.1\r\n"));
    client.write_all(b"0\r\n\r\n").await.unwrap();
    until(&mut server, "0\r\n\r\n").await;
    server.write_all(OK).await.unwrap();
    until(&mut client, "ok").await;
    client.write_all(b"GET /c HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(until(&mut server, "\r\n\r\n").await.starts_with("GET /c/llm/c HTTP/1.1\r\n"));
    assert_eq!(world.tried().len(), 1);
}

#[tokio::test]
async fn what_streams_arrives_piece_by_piece() {
    let world = World::new().await;
    let sending = tokio::spawn(world.client().get("https://api.openai.com/s").send());
    let mut server = world.asked().await;
    until(&mut server, "\r\n\r\n").await;
    server.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n").await.unwrap();
    let mut answer = sending.await.unwrap().unwrap();
    // The second piece is not written before the first was seen.
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "a");
    server.write_all(b"1\r\nb\r\n").await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "b");
    server.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(answer.chunk().await.unwrap(), None);
}

#[tokio::test]
async fn a_reset_is_a_broken_connection_and_what_came_before_it_arrives() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &[]).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut server = world.asked().await;
    until(&mut server, "\r\n\r\n").await;
    server.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    until(&mut client, "half").await;
    server.set_zero_linger().unwrap();
    drop(server);
    assert_eq!(rest(&mut client).await, (String::new(), Some(std::io::ErrorKind::ConnectionReset)));
}

#[tokio::test]
async fn a_polite_end_in_the_middle_is_an_end_and_no_reset() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &[]).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut server = world.asked().await;
    until(&mut server, "\r\n\r\n").await;
    server.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf").await.unwrap();
    drop(server);
    let (text, error) = rest(&mut client).await;
    assert!(text.ends_with("half") && error.is_none(), "{text:?} {error:?}");
}

#[tokio::test]
async fn a_client_that_leaves_is_gone_for_the_fake_too() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &[]).await.unwrap();
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut server = world.asked().await;
    until(&mut server, "\r\n\r\n").await;
    client.get_ref().0.set_zero_linger().unwrap();
    drop(client);
    let (_, error) = rest(&mut server).await;
    assert_eq!(error, Some(std::io::ErrorKind::ConnectionReset));
}

#[tokio::test]
async fn an_agreed_upgrade_carries_bytes_both_ways() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &[]).await.unwrap();
    client
        .write_all(b"GET /v1/realtime HTTP/1.1\r\nhost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n")
        .await
        .unwrap();
    let mut server = world.asked().await;
    assert!(until(&mut server, "\r\n\r\n").await.starts_with("GET /c/llm/v1/realtime HTTP/1.1\r\n"));
    // What the client is in a hurry to say is no request, even if it looks like one.
    client.write_all(b"GET /x HTTP/1.1\r\n\r\n").await.unwrap();
    server.write_all(b"HTTP/1.1 101 Switching Protocols\r\n").await.unwrap();
    server.write_all(b"upgrade: websocket\r\n\r\n\x81\x01a").await.unwrap();
    until(&mut client, "\x01a").await;
    assert_eq!(until(&mut server, "\r\n\r\n").await, "GET /x HTTP/1.1\r\n\r\n");
    client.write_all(b"\x81\x81mask").await.unwrap();
    until(&mut server, "mask").await;
}

#[tokio::test]
async fn a_refused_upgrade_leaves_http() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &[]).await.unwrap();
    client.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n").await.unwrap();
    let mut server = world.asked().await;
    until(&mut server, "\r\n\r\n").await;
    server.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
    until(&mut client, "no").await;
    client.write_all(b"GET /b HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(until(&mut server, "\r\n\r\n").await.starts_with("GET /c/llm/b HTTP/1.1\r\n"));
}

#[tokio::test]
async fn plain_requests_are_led_as_well_and_each_is_looked_at() {
    let world = World::new().await;
    let mut client = world.proxy().await;
    client
        .write_all(b"GET http://api.openai.com/a HTTP/1.1\r\nhost: api.openai.com\r\nproxy-connection: keep-alive\r\n\r\n")
        .await
        .unwrap();
    let mut server = world.asked().await;
    assert_eq!(until(&mut server, "\r\n\r\n").await, "GET /c/llm/a HTTP/1.1\r\nhost: api.openai.com\r\n\r\n");
    server.write_all(OK).await.unwrap();
    until(&mut client, "ok").await;
    client.write_all(b"GET http://x.below.example:81/b HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(until(&mut server, "\r\n\r\n").await.starts_with("GET /c/llm/b HTTP/1.1\r\n"));
    server.write_all(OK).await.unwrap();
    until(&mut client, "ok").await;
    client.write_all(b"GET http://evil.example/c HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(until(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 403 "));
    let expected = ["GET api.openai.com:80 /a true llm", "GET x.below.example:81 /b true llm", "GET evil.example:80 /c false -"];
    assert_eq!(world.tried(), expected);
}

#[tokio::test]
async fn after_a_refusal_the_same_connection_is_led_again() {
    let world = World::new().await;
    let mut client = world.proxy().await;
    client.write_all(b"POST http://evil.example/ HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc").await.unwrap();
    let head = until(&mut client, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 403 "), "{head}");
    until(&mut client, "}}").await;
    client.write_all(b"GET http://api.openai.com/a HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    until(&mut world.asked().await, "\r\n\r\n").await;
}

#[tokio::test]
async fn an_early_refusal_reaches_a_client_that_is_still_sending() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &[]).await.unwrap();
    client.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n").await.unwrap();
    let mut server = world.asked().await;
    until(&mut server, "\r\n\r\n").await;
    server.write_all(b"HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
    server.shutdown().await.unwrap();
    client.write_all(&[b'x'; 500_000]).await.unwrap();
    let (text, _) = rest(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 413 ") && text.ends_with("no"), "{text}");
}
