//! `drplan simulator serve`.

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use crate::cli::cloud::world_dir;
use crate::cli::{ExitCode, Failure, Global, Session};
use crate::host::SimClock;
use crate::shell::quoted;
use crate::simulator::serve::{Authority, ServedWorld, serve};
use crate::simulator::{START, Simulator};
use crate::world::Clock;

/// Options of the server.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Port; 0 chooses a free one
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Address to listen on; any but a loopback address opens the simulator to the network
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    listen: IpAddr,
    /// Use TLS, which most clients require, with the simulator's own certificate authority
    #[arg(long)]
    tls: bool,
    /// Simulated seconds per real second
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    speed: u32,
}

pub fn run(args: &Args, global: &Global, session: &mut Session) -> Result<ExitCode, Failure> {
    let dir = world_dir(global, session);
    let cannot = |why: String| Failure::failed(format!("cannot serve the local simulator: {why}"));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| cannot(error.to_string()))?;
    runtime.block_on(async {
        // Simulated time continues from where it stopped.
        let clock = Arc::new(SimClock::sped(START, args.speed));
        let simulator = Simulator::open(crate::providers::dialects(), &dir, global.seed, Arc::clone(&clock) as Arc<dyn Clock>)?;
        clock.advance_to(simulator.now());
        let listener = tokio::net::TcpListener::bind((args.listen, args.port)).await;
        let listener = listener.map_err(|error| cannot(format!("{}:{}: {error}", args.listen, args.port)))?;
        let port = listener.local_addr().map_err(|error| cannot(error.to_string()))?.port();
        let host = if args.listen.is_loopback() { "localhost".to_owned() } else { args.listen.to_string() };
        let base = format!("{}://{host}:{port}", if args.tls { "https" } else { "http" });
        let authority = dir.join("authority.pem");
        let acceptor = match args.tls {
            false => None,
            true => {
                if !Authority::covers(args.listen) {
                    let why = "its certificate authority vouches for loopback and private addresses only";
                    return Err(cannot(format!("{} is a public address: {why}", args.listen)));
                }
                let mut names = vec![host.clone(), "localhost".to_owned(), "127.0.0.1".to_owned()];
                names.push(args.listen.to_string());
                names.sort();
                names.dedup();
                Some(kept_authority(&dir, session)?.acceptor(&names, session.clock.now()).map_err(cannot)?)
            }
        };
        let key = kept(&dir.join("token.key"), || session.ids.key().to_vec())?;
        let key =
            <[u8; 32]>::try_from(key.as_slice()).map_err(|_| cannot("token.key is damaged; delete it".to_owned()))?;
        let clock = Arc::clone(&session.clock);
        let router = ServedWorld { simulator, base: base.clone(), speed: args.speed, key, clock }.router();

        session.print(&settings(&base, args.tls.then_some(authority.as_path())))?;
        session.say(&format!(
            "Serving the local simulator at {base}, {} simulated seconds per second. Press Ctrl-C to stop; its content is kept.\n",
            args.speed
        ));
        let stop = async {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        serve(listener, acceptor, (router, crate::providers::dialects()), stop).await.map_err(|error| cannot(error.to_string()))
    })?;
    Ok(ExitCode::Done)
}

/// Settings for clients, as shell commands.
fn settings(base: &str, authority: Option<&Path>) -> String {
    let mut settings = crate::providers::dialects().settings(base);
    if let Some(authority) = authority {
        settings.extend(["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"].map(|name| (name, authority.display().to_string())));
    }
    settings.iter().map(|(name, value)| format!("export {name}={}\n", quoted(value))).collect()
}

/// The certificate authority of the simulator, created on first use.
fn kept_authority(dir: &Path, session: &Session) -> Result<Authority, Failure> {
    let (certificate, key) = (dir.join("authority.pem"), dir.join("authority.key"));
    let now = session.clock.now();
    if let (Ok(certificate), Ok(key)) = (fs::read_to_string(&certificate), fs::read_to_string(&key))
        && let Some(kept) = Authority::read(certificate, key, now)
    {
        return Ok(kept);
    }
    let made = Authority::new(now).map_err(|why| Failure::failed(format!("cannot create a certificate: {why}")))?;
    session.write_file(&certificate, made.certificate.as_bytes())?;
    write_private(&key, made.key.as_bytes())?;
    Ok(made)
}

/// The content of a file, created on first use.
fn kept(path: &Path, make: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, Failure> {
    if let Ok(kept) = fs::read(path) {
        return Ok(kept);
    }
    let made = make();
    write_private(path, &made)?;
    Ok(made)
}

/// Writes a file that only this user can read.
fn write_private(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|error| Failure::file(path, &error))?;
    file.write_all(bytes).map_err(|error| Failure::file(path, &error))
}
