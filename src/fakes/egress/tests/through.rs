//! Hosts that are let through. The only hosts that a test may reach are on this machine, and no suite may write those, so the routes
//! are made without their pattern's own rule: `*:port`.

use super::*;

/// A server that is "elsewhere", and an edge that lets through to it.
async fn world() -> (World, TcpListener, String) {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = elsewhere.local_addr().unwrap();
    let hosts = HostPattern::parse(&format!("*:{}", place.port())).unwrap();
    (World::with(&[Route { hosts, to: Destination::Allow }]).await, elsewhere, place.to_string())
}

#[tokio::test]
async fn a_tunnel_goes_through_untouched_and_is_recorded_as_allowed() {
    let (world, elsewhere, place) = world().await;
    let mut client = world.tunnel(&place).await;
    let mut server = elsewhere.accept().await.unwrap().0;
    client.write_all(b"\x16 any bytes").await.unwrap();
    until(&mut server, "any bytes").await;
    server.write_all(b"back").await.unwrap();
    drop(server);
    assert_eq!(rest(&mut client).await, ("back".to_owned(), None));
    assert_eq!(world.tried(), [format!("CONNECT {place} - true -")]);
}

#[tokio::test]
async fn a_plain_request_goes_through_with_the_target_that_servers_expect() {
    let (world, elsewhere, place) = world().await;
    let mut client = world.proxy().await;
    client.write_all(format!("GET http://{place}/a?b HTTP/1.1\r\nhost: {place}\r\n\r\n").as_bytes()).await.unwrap();
    let mut server = elsewhere.accept().await.unwrap().0;
    assert_eq!(until(&mut server, "\r\n\r\n").await, format!("GET /a?b HTTP/1.1\r\nhost: {place}\r\n\r\n"));
    server.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    until(&mut client, "\r\n\r\n").await;
    client.write_all(b"GET http://evil.example/ HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert!(until(&mut client, "\r\n\r\n").await.starts_with("HTTP/1.1 403 "));
    assert_eq!(world.tried(), [format!("GET {place} /a?b true -"), "GET evil.example:80 / false -".to_owned()]);
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_a_bad_gateway_with_the_reason() {
    let (world, elsewhere, place) = world().await;
    drop(elsewhere);
    let mut client = world.proxy().await;
    client.write_all(format!("CONNECT {place} HTTP/1.1\r\n\r\n").as_bytes()).await.unwrap();
    let (text, _) = rest(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 502 ") && text.contains("failed to reach it"), "{text}");
}

#[tokio::test]
async fn a_whole_https_url_without_a_tunnel_is_refused_with_what_to_do() {
    let (world, _elsewhere, place) = world().await;
    let mut client = world.proxy().await;
    client.write_all(format!("GET https://{place}/ HTTP/1.1\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let (text, _) = rest(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 501 ") && text.contains("by CONNECT"), "{text}");
    assert_eq!(world.tried(), [format!("GET {place} / false -")]);
}
