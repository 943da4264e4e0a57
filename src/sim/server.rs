//! The HTTP server.

use std::net::TcpListener;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use super::cloud::Cloud;
use super::front;

/// The cloud as all connections share it.
pub(super) type Shared = Arc<Mutex<Cloud>>;

/// Serves until it is told to stop, then writes the store.
pub(super) fn run(
    runtime: &Runtime,
    listener: TcpListener,
    cloud: Cloud,
    stopped: oneshot::Receiver<()>,
) {
    let cloud = Arc::new(Mutex::new(cloud));
    runtime.block_on(async {
        tokio::select! {
            () = serve(listener, &cloud) => {}
            _ = stopped => {}
        }
    });
    let mut cloud = cloud.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = cloud.save() {
        // Nothing is lost: the log beside the store still holds every change.
        tracing::warn!(%error, "the simulator's store was not rewritten at the end");
    }
}

async fn serve(listener: TcpListener, cloud: &Shared) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::error!(%error, "the simulator can't serve");
            return;
        }
    };
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Arc::clone(cloud)));
            }
            Err(error) => {
                // Out of file descriptors, most likely: give connections time to end.
                tracing::warn!(%error, "the simulator can't accept a connection");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, cloud: Shared) {
    // Answers are small; without this each waits for the client's delayed acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request| front::answer(Arc::clone(&cloud), request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the simulator ended");
    }
}
