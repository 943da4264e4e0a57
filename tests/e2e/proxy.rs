//! A proxy on the way to the cloud.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::Project;

/// Starts a proxy that refuses every tunnel; returns its address and the count of those asked for.
fn refusing() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming().take(20) {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines
                .next()
                .is_some_and(|line| line.is_ok_and(|line| !line.is_empty()))
            {}
            count.fetch_add(1, Ordering::SeqCst);
            let refusal = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(refusal.as_bytes()).ok();
        }
    });
    (address, asked)
}

#[test]
fn a_proxy_that_refuses_the_password_is_named_and_not_asked_again() {
    let (address, asked) = refusing();
    let mut project = Project::empty();
    project.write("gwplan.yaml", "provider: { region: ap-guangzhou }\n");
    project.set("HTTPS_PROXY", &format!("http://user:notasecret@{address}"));
    project.set("TENCENTCLOUD_SECRET_ID", "AKIDnotarealid");
    project.set("TENCENTCLOUD_SECRET_KEY", "notarealkey");
    let told = project
        .run(&["import", "--all", "--out", "found.yaml"])
        .ended(1)
        .stderr;
    assert!(
        told.contains(&format!("no connection through the proxy {address}: ")),
        "{told}"
    );
    assert!(
        told.contains("check the user and the password of the proxy"),
        "{told}"
    );
    assert!(!told.contains("notasecret"), "{told}");
    // Once for whose account it is, and once for the list.
    assert_eq!(asked.load(Ordering::SeqCst), 2, "{told}");
    assert!(!told.contains("may not call"), "{told}");
}
