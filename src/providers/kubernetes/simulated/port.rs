//! Requests to a served world: the path names the cluster, whose host the world looks for.

use axum::Router;
use axum::extract::Request;
use axum::http::header::HOST;
use axum::http::{HeaderValue, Uri};
use axum::middleware::{self, Next};
use axum::response::Response;

/// The beginning of the path, before the public name of a cluster.
pub(super) const PREFIX: &str = "/kubernetes/";

/// The router of a world, with the hosts of clusters in requests whose path names one.
pub(super) fn serve(world: Router) -> Router {
    Router::new().fallback_service(world.layer(middleware::from_fn(named)))
}

async fn named(mut request: Request, next: Next) -> Response {
    if let Some((host, uri)) = cluster(request.uri())
        && let Ok(value) = HeaderValue::from_str(&host)
    {
        request.headers_mut().insert(HOST, value);
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

/// The host of the cluster that a path names, and the address without it.
fn cluster(uri: &Uri) -> Option<(String, Uri)> {
    let rest = uri.path().strip_prefix(PREFIX)?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Some((host.to_owned(), format!("/{path}{query}").parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_names_the_cluster() {
        let uri = "https://localhost:8443/kubernetes/a.hcp.x.azmk8s.io/api/v1?limit=5".parse().unwrap();
        let (host, uri) = cluster(&uri).unwrap();
        assert_eq!((host.as_str(), uri.to_string().as_str()), ("a.hcp.x.azmk8s.io", "/api/v1?limit=5"));
        assert!(cluster(&"/subscriptions/s".parse().unwrap()).is_none());
    }
}
