//! `checkride serve` where it cannot begin: the port is another's, the script is none.

use crate::program::project::Project;
use std::net::TcpListener;

#[test]
fn a_port_that_is_taken_is_said_to_be() {
    let project = Project::new().file("hello.yaml", "script: [Hello]\n");
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = other.local_addr().expect("it is bound").port().to_string();
    let taken = format!("port {port} of 127.0.0.1 is taken");
    project.say(&["serve", "hello.yaml", "--port", &port]).means(2, &[taken.as_str(), "--port 0"]);
}

#[test]
fn what_is_no_script_is_not_served() {
    let project = Project::with("suite: S\ncases: []\n");
    project.say(&["serve", "s.yaml", "--port", "0"]).means(2, &["script"]);
    project.say(&["serve", "gone.yaml", "--port", "0"]).means(2, &["gone.yaml"]);
}
