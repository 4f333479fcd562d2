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
            let _closed = writeln!(std::io::stderr(), "liuzhuan: {}", told(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error and its causes, each said once: many repeat their cause's words.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |said, cause| match said.as_str() {
        "" => cause,
        known if known.contains(&cause) => said,
        _ => format!("{said}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_a_cause_repeats_is_said_once() {
        let error = anyhow::anyhow!("code 14").context("the disk says: code 14").context("cannot open the file");
        assert_eq!(super::told(&error), "cannot open the file: the disk says: code 14");
    }
}
