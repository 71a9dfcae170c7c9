//! `contracts generate | breaking | release`: what `faultline contracts` runs. A program of its own, because it has every
//! service in it and the `faultline` command has none.

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use contracts::{breaking, events, files, openapi};

/// What the services promise.
#[derive(Debug, Parser)]
#[command(name = "contracts")]
struct Cli {
    /// The repository
    #[arg(long, default_value = ".")]
    repo: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write contracts/ from the code
    Generate {
        /// Only say whether the files are up to date; exit code 1 when not
        #[arg(long)]
        check: bool,
    },
    /// Name what the code breaks of what was released; exit code 1 when anything
    Breaking,
    /// Make what the code promises now the last release, against which changes are judged
    Release,
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let contracts = cli.repo.join("contracts");
    let good = match cli.action {
        Action::Generate { check } => generate(&contracts, check)?,
        Action::Breaking => breaking(&contracts)?,
        Action::Release => release(&contracts)?,
    };
    Ok(ExitCode::from(u8::from(!good)))
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn generate(contracts: &std::path::Path, check: bool) -> anyhow::Result<bool> {
    let mut good = true;
    for file in openapi::files()
        .into_iter()
        .chain([events::document(contracts)?])
    {
        if file.is_current(contracts)? {
            continue;
        }
        if check {
            println!("contracts/{} is not what the code says", file.path);
            good = false;
        } else {
            file.write(contracts)?;
            println!("contracts/{} written", file.path);
        }
    }
    Ok(good)
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn breaking(contracts: &std::path::Path) -> anyhow::Result<bool> {
    let mut good = true;
    for (service, document) in openapi::documents() {
        let path = format!("released/openapi/{service}.json");
        let released = files::read(contracts, &path)?;
        let released = released.with_context(|| format!("contracts/{path} is not there"))?;
        for broken in breaking::breaks(&released, &document) {
            println!("{service}: {broken}");
            good = false;
        }
    }
    let released = events::schemas(contracts, "released/events")?;
    for broken in events::breaks(&released, &events::schemas(contracts, "events")?) {
        println!("{broken}");
        good = false;
    }
    Ok(good)
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn release(contracts: &std::path::Path) -> anyhow::Result<bool> {
    let events = events::schema_files(&events::schemas(contracts, "events")?);
    for file in openapi::files().into_iter().chain(events) {
        let released = files::File {
            path: format!("released/{}", file.path),
            ..file
        };
        released.write(contracts)?;
        println!("contracts/{} written", released.path);
    }
    Ok(true)
}
