//! The executable. What it can do stands in `commands`.
use clap::Parser;
use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    match api::commands::run(api::commands::Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            use std::io::Write;
            // Nothing is left to tell a closed pipe.
            let _closed = writeln!(std::io::stderr(), "liuzhuan: {error:#}");
            ExitCode::FAILURE
        }
    }
}
