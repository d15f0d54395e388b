use super::*;
use http_body_util::Full;
use tonic::Code;

/// Does what the path says.
struct Scripted;

impl Dispatch for Scripted {
    async fn dispatch<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>> + Send,
    {
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/panics" => panic!("a fault of the program"),
            "/hangs" => std::future::pending().await,
            "/works-on" => {
                let call = request.into_parts().0.extensions.remove::<Call>().unwrap();
                let work = async {
                    tokio::time::sleep(Duration::from_millis(150)).await;
                    Ok(())
                };
                let _ = call.run(|_| work).await;
            }
            _ => {}
        }
        Response::new(Body::empty())
    }
}

fn front() -> Front<Scripted> {
    Front::new(
        Scripted,
        FrontOptions {
            max_concurrent_calls: 1,
            request_timeout: Duration::from_millis(50),
            trusted_proxies: Vec::new(),
            web_origins: WebOrigins::None,
            over: CancellationToken::new(),
        },
    )
}

async fn call(front: &Front<Scripted>, path: &str) -> Option<Code> {
    let request = Request::post(path)
        .version(Version::HTTP_2)
        .header(header::CONTENT_TYPE, "application/grpc")
        .body(Full::new(Bytes::new()))
        .unwrap();
    let answer = front.answer("192.0.2.1:1".parse().unwrap(), request).await;
    assert_eq!(answer.status(), StatusCode::OK);
    answer::code_of(answer.headers())
}

#[tokio::test]
async fn a_panic_is_answered_and_gives_its_place_back() {
    let front = front();
    for _ in 0..3 {
        assert_eq!(call(&front, "/panics").await, Some(Code::Internal));
    }
    assert_eq!(call(&front, "/answers").await, None);
}

#[tokio::test]
async fn a_call_has_its_time_and_no_more() {
    let front = front();
    for _ in 0..3 {
        assert_eq!(call(&front, "/hangs").await, Some(Code::DeadlineExceeded));
    }
    assert_eq!(call(&front, "/answers").await, None);
}

#[tokio::test]
async fn work_that_goes_on_keeps_its_place() {
    let front = front();
    assert_eq!(call(&front, "/works-on").await, Some(Code::DeadlineExceeded));
    assert_eq!(call(&front, "/answers").await, Some(Code::Unavailable));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(call(&front, "/answers").await, None);
}

#[tokio::test]
async fn what_is_no_call_is_told_so() {
    let peer = "192.0.2.1:1".parse().unwrap();
    let kinds = [
        (Method::GET, Version::HTTP_11, "", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Method::GET, Version::HTTP_2, "application/grpc", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Method::POST, Version::HTTP_2, "application/json", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Method::POST, Version::HTTP_2, "application/grpc-webby", StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (Method::POST, Version::HTTP_11, "application/grpc", StatusCode::HTTP_VERSION_NOT_SUPPORTED),
    ];
    for (method, version, kind, expected) in kinds {
        let request = Request::builder()
            .method(method)
            .version(version)
            .header(header::CONTENT_TYPE, kind)
            .body(Full::new(Bytes::new()))
            .unwrap();
        assert_eq!(front().answer(peer, request).await.status(), expected, "{kind}");
    }
}
