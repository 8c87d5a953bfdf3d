//! The JSON of the back door, as it was published: literal requests with literal answers.

use axum::body::Body;
use http::Request;
use tower::ServiceExt;

use super::stage::{Stage, read, wait};

/// Requests and their answers. A line with `>` is a request to the back door, one with `!` a request of the bot to the
/// site, one with `~` so many seconds that pass; the line below a request is the answer, status and body.
const CONVERSATION: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/tests/control_json.txt");

/// The answer to a line that begins with `>` or `!`.
async fn answer(stage: &Stage, line: &str) -> String {
    let mut words = line.splitn(4, ' ');
    let [to, method, path] = std::array::from_fn(|_| words.next().unwrap());
    let body = words.next().map_or_else(Body::empty, |body| Body::from(body.to_owned()));
    let reply = if to == ">" {
        let request = Request::builder().method(method).uri(path).header("Content-Type", "application/json");
        read(stage.site.control_router().oneshot(request.body(body).unwrap()).await.unwrap()).await
    } else {
        let request = stage.request(method, path).header("Content-Type", "application/json");
        stage.call(request.body(body).unwrap()).await
    };
    let shown = if to == ">" { reply.text.as_str() } else { "" };
    format!("{} {shown}", reply.status).trim_end().to_owned()
}

#[tokio::test(start_paused = true)]
async fn the_back_doors_json_is_as_published() {
    let stage = Stage::new();
    let published = std::fs::read_to_string(CONVERSATION).unwrap();
    let mut today = String::new();
    for line in published.lines().filter(|line| line.starts_with(['>', '!', '~', '#']) || line.is_empty()) {
        today += &format!("{line}\n");
        match line.split_once(' ') {
            Some(("~", seconds)) => wait(seconds.parse().unwrap()).await,
            Some((">" | "!", _)) => today += &format!("{}\n", answer(&stage, line).await),
            Some(_) | None => {}
        }
    }
    if today != published {
        let differing = today.lines().zip(published.lines()).find(|(today, published)| today != published);
        panic!("{today}\n{differing:#?}");
    }
}
