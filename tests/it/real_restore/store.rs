//! S3 as moto serves it: without TLS for drplan, curl and restic, and with TLS for pgBackRest, which does not speak to
//! anything else.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use drplan::world::Cloud;

/// Serves one store at two ports, and prints them. pgBackRest takes an answer without a length for complete only if the
/// end of the connection says so in TLS.
const SERVER: &str = r#"
import threading
import boto3
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server
app = DomainDispatcherApplication(create_backend_app)
plain = make_server("127.0.0.1", 0, app, threaded=True)
tls = make_server("127.0.0.1", 0, app, threaded=True, ssl_context="adhoc")
close = tls.shutdown_request
def end(request):
    try:
        request.unwrap()
    except OSError:
        pass
    close(request)
tls.shutdown_request = end
for server in (plain, tls):
    threading.Thread(target=server.serve_forever).start()
s3 = boto3.client("s3", "eu-west-1", endpoint_url=f"http://127.0.0.1:{plain.port}",
                  aws_access_key_id="a", aws_secret_access_key="b")
s3.create_bucket(Bucket="vault", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
print(plain.port, tls.port, flush=True)
"#;
/// Changes one bit in the middle of each greater file of a backup.
const DAMAGE: &str = r#"
import boto3, sys
s3 = boto3.client("s3", "eu-west-1", endpoint_url=sys.argv[1], aws_access_key_id="a", aws_secret_access_key="b")
damaged = 0
for one in s3.list_objects_v2(Bucket="vault", Prefix=sys.argv[2])["Contents"]:
    if "/bundle/" in one["Key"]:
        content = bytearray(s3.get_object(Bucket="vault", Key=one["Key"])["Body"].read())
        content[len(content) // 2] ^= 1
        s3.put_object(Bucket="vault", Key=one["Key"], Body=bytes(content))
        damaged += 1
assert damaged
"#;

/// A store with the bucket `vault`, which ends with this value.
pub struct Store {
    server: Child,
    python: PathBuf,
    /// The port with TLS.
    pub tls: u16,
    /// The address without TLS.
    pub address: String,
    /// A client of it.
    pub cloud: Arc<dyn Cloud>,
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ended = self.server.kill();
        let _waited = self.server.wait();
    }
}

impl Store {
    pub async fn begin() -> Self {
        let python = crate::moto::programs().join("python");
        let mut command = Command::new(&python);
        command.args(["-c", SERVER]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = command.spawn().expect("Python runs");
        let mut ports = String::new();
        BufReader::new(server.stdout.take().expect("its output")).read_line(&mut ports).expect("its ports");
        let (plain, tls) = ports.trim().split_once(' ').expect("two ports");
        let address = format!("http://127.0.0.1:{plain}");
        let cloud = crate::moto::client(&address).await;
        Self { server, python, tls: tls.parse().expect("a port"), address, cloud }
    }

    /// Damages a backup of pgBackRest.
    pub fn damage(&self, label: &str) {
        let prefix = format!("orders/backup/{}/{label}/", super::site::STANZA);
        let damaged = Command::new(&self.python).args(["-c", DAMAGE, &self.address, &prefix]).status();
        assert!(damaged.expect("Python runs").success());
    }
}
