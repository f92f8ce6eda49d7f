//! Clients that do not behave: a clear record, no hang, nothing reached.

use super::*;

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_is_noted() {
    let world = World::new().await;
    let proxy = reqwest::Proxy::all(world.edge.url()).unwrap();
    let client = crate::base::client::builder().proxy(proxy).tls_certs_only([]).timeout(SOON).build().unwrap();
    assert!(client.get("https://api.openai.com/").send().await.is_err());
    world.noted("api.openai.com:443 came to nothing: the client does not trust the certificate").await;
    world.noted("{{egress.ca_file}}").await;
    assert_eq!(world.tried(), ["CONNECT api.openai.com:443 - true llm"]);
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_the_handshake_is_noted() {
    let world = World::new().await;
    let mut tunnel = world.tunnel("api.openai.com:443").await;
    tunnel.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    drop(tunnel);
    world.noted("left in the middle of the TLS handshake").await;
}

#[tokio::test]
async fn a_client_that_never_finishes_the_handshake_is_let_go() {
    let world = World::patient(&[], Duration::from_millis(50)).await;
    let mut tunnel = world.tunnel("api.openai.com:443").await;
    tunnel.write_all(b"\x16\x03\x01\x02\x00\x01").await.unwrap();
    rest(&mut tunnel).await;
    world.noted("did not finish the TLS handshake in time").await;
}

#[tokio::test]
async fn bytes_that_only_begin_like_tls_are_noted() {
    let world = World::new().await;
    let mut tunnel = world.tunnel("api.openai.com:443").await;
    tunnel.write_all(b"\x16 is no handshake, however long it goes on").await.unwrap();
    rest(&mut tunnel).await;
    world.noted("the TLS handshake failed").await;
}

#[tokio::test]
async fn another_name_inside_a_tunnel_is_refused_and_recorded_as_tried() {
    let world = World::new().await;
    assert!(world.tls(world.tunnel("api.openai.com:443").await, "evil.example", &[]).await.is_err());
    world.noted("inside it the client asked for `evil.example`").await;
    assert_eq!(world.tried(), ["CONNECT api.openai.com:443 - true llm", "CONNECT evil.example:443 - false -"]);
}

#[tokio::test]
async fn a_client_of_http2_alone_is_told_by_tls_and_noted() {
    let world = World::new().await;
    assert!(world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &["h2"]).await.is_err());
    world.noted("speaks HTTP/2 only").await;
}

#[tokio::test]
async fn an_address_without_a_name_is_led_too() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("203.0.113.7:443").await, "203.0.113.7", &[]).await.unwrap();
    client.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(until(&mut world.asked().await, "\r\n\r\n").await.starts_with("GET /c/llm/a HTTP/1.1\r\n"));
}

#[tokio::test]
async fn plain_bytes_in_a_tunnel_are_requests_as_well() {
    let world = World::new().await;
    let mut client = world.tunnel("API.openai.com.:80").await;
    client.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(until(&mut world.asked().await, "\r\n\r\n").await.starts_with("GET /c/llm/a HTTP/1.1\r\n"));
    assert_eq!(world.tried(), ["CONNECT api.openai.com:80 - true llm"]);
}

#[tokio::test]
async fn garbage_in_a_tunnel_is_answered_and_reaches_no_fake() {
    let world = World::new().await;
    for bytes in [&b"SSH-2.0-OpenSSH_9\r\n\r\n"[..], b"GET /a HTTP/2.0\r\n\r\n"] {
        let mut client = world.tunnel("api.openai.com:22").await;
        client.write_all(bytes).await.unwrap();
        let (text, _) = rest(&mut client).await;
        assert!(text.starts_with("HTTP/1.1 400 "), "{text}");
    }
    let mut client = world.tunnel("api.openai.com:443").await;
    client.write_all(&[b'a'; 200_000]).await.unwrap();
    let (text, _) = rest(&mut client).await;
    assert!(text.is_empty() || text.starts_with("HTTP/1.1 400 "), "{text}");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_goes_to_the_fake_which_says_so() {
    let world = World::new().await;
    let mut client = world.tunnel("api.openai.com:80").await;
    client.write_all(b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n").await.unwrap();
    let mut server = world.asked().await;
    assert!(until(&mut server, "no number\r\n").await.starts_with("POST /c/llm/a HTTP/1.1\r\n"));
    server.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await.unwrap();
    drop(server);
    assert!(until(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn a_tunnel_that_is_never_used_asks_nobody() {
    let world = World::new().await;
    drop(world.tunnel("api.openai.com:443").await);
    let client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &[]).await.unwrap();
    drop(client);
    let mut next = world.tunnel("api.openai.com:80").await;
    next.write_all(b"GET /last HTTP/1.1\r\n\r\n").await.unwrap();
    // The first to ask is the one that had something to ask.
    assert!(until(&mut world.asked().await, "\r\n\r\n").await.starts_with("GET /c/llm/last "));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_bad_gateway() {
    let mut world = World::new().await;
    world.server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut client = world.tunnel("api.openai.com:80").await;
    client.write_all(b"GET /a HTTP/1.1\r\n\r\n").await.unwrap();
    assert!(rest(&mut client).await.0.starts_with("HTTP/1.1 502 "));
}

#[tokio::test]
async fn a_proxy_that_ends_takes_its_tunnels_along() {
    let world = World::new().await;
    let mut client = world.tls(world.tunnel("api.openai.com:443").await, "api.openai.com", &[]).await.unwrap();
    client.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut server = world.asked().await;
    until(&mut server, "\r\n\r\n").await;
    drop(world.edge);
    rest(&mut client).await;
    rest(&mut server).await;
}
