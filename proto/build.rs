//! Compiles `sessions/v1/*.proto` with `protox`: no `protoc` is needed.

use std::error::Error;

const FILES: [&str; 5] = [
    "sessions/v1/session.proto",
    "sessions/v1/search.proto",
    "sessions/v1/daemon.proto",
    "sessions/v1/checkpoint.proto",
    "sessions/v1/hook.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    for file in FILES {
        println!("cargo::rerun-if-changed={file}");
    }
    let descriptors = protox::compile(FILES, ["."])?;
    tonic_prost_build::configure()
        // It is many times as large as what else an event may be.
        .boxed(".sessions.v1.GrepResponse.event.session")
        .compile_fds(descriptors)?;
    Ok(())
}
