// SPDX-License-Identifier: MIT
// P15 and P16 by hyper on tokio's current-thread runtime. Prints its port; ends when its standard
// input does.
use hyper::header::{HeaderValue, CONTENT_TYPE};
use hyper::server::conn::Http;
use hyper::service::service_fn;
use hyper::{Body, Request, Response, StatusCode};
use std::convert::Infallible;
use std::io::Read;

extern "C" {
    fn alarm(seconds: u32) -> u32;
}

fn text(body: Body) -> Response<Body> {
    let mut answer = Response::new(body);
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}

async fn serve(asked: Request<Body>) -> Result<Response<Body>, Infallible> {
    let path = asked.uri().path();
    if path == "/plain" {
        return Ok(text(Body::from("Hello, World!")));
    }
    if let Some(id) = path.strip_prefix("/users/") {
        return Ok(text(Body::from(id.to_owned())));
    }
    let mut missing = Response::new(Body::empty());
    *missing.status_mut() = StatusCode::NOT_FOUND;
    Ok(missing)
}

async fn accept() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    loop {
        let (client, _) = listener.accept().await.unwrap();
        client.set_nodelay(true).unwrap();
        tokio::spawn(
            Http::new()
                .http1_only(true)
                .pipeline_flush(true)
                .serve_connection(client, service_fn(serve)),
        );
    }
}

fn main() {
    unsafe { alarm(300) };
    std::thread::spawn(|| {
        let mut nothing = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut nothing);
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    runtime.block_on(accept());
}
