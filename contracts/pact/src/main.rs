//! `pacts verify | can-deploy | prove | release`: what `faultline contracts` runs. A program of its own, because it has
//! Pact's verifier in it and the `faultline` command has not.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use anyhow::{Context as _, bail, ensure};
use chassis::config::Env;
use clap::{Parser, Subcommand};
use pacts::{
    matrix::{Matrix, Row},
    pact::{self, Edition, Pact},
    proof::{self, Proof},
    reference,
    shop::{PROVIDERS, Shop},
    verify,
};

/// What consumers rely on.
#[derive(Debug, Parser)]
#[command(name = "pacts")]
struct Cli {
    /// The repository
    #[arg(long, default_value = ".")]
    repo: PathBuf,
    /// Where the matrix is kept between runs
    #[arg(long, default_value = ".faultline/contracts/matrix.json")]
    matrix: PathBuf,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Ask running providers for everything that consumers rely on; exit code 1 when one differs
    Verify {
        /// Only this provider
        #[arg(long)]
        provider: Option<String>,
        /// The matrix as JSON
        #[arg(long, conflicts_with = "junit")]
        json: bool,
        /// The matrix as JUnit XML
        #[arg(long)]
        junit: bool,
        /// Let Pact's own command do it, which is this program
        #[arg(long, value_name = "PROGRAM")]
        with: Option<PathBuf>,
    },
    /// Say from earlier verifications whether a service can run beside all others; exit code 1 when not
    CanDeploy {
        /// The service
        service: String,
    },
    /// Break running providers' answers on purpose; exit code 1 when some break goes unnoticed
    Prove {
        /// Only this provider
        #[arg(long)]
        provider: Option<String>,
        /// The table as JSON
        #[arg(long)]
        json: bool,
    },
    /// Make what consumers rely on now what the last released ones relied on
    Release,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let contracts = cli.repo.join("contracts");
    let pacts = pact::all(&contracts)?;
    let good = match &cli.action {
        Action::Verify {
            with: Some(program),
            provider,
            ..
        } => {
            let pacts = of_provider(pacts, provider.as_deref())?;
            reference::verify(program, &pacts, &shop()?).await?
        }
        Action::Verify {
            provider,
            json,
            junit,
            ..
        } => {
            let pacts = of_provider(pacts, provider.as_deref())?;
            let matrix = verified(&cli, &pacts).await?;
            show(&matrix, *json, *junit)?;
            matrix.is_good()
        }
        Action::CanDeploy { service } => can_deploy(&cli.matrix, service, &pacts)?,
        Action::Prove { provider, json } => {
            let provider = provider.as_deref();
            let proofs = proof::prove(&pacts, &shop()?, &cli.repo, provider).await?;
            prove(&proofs, *json)?
        }
        Action::Release => release(&contracts, &pacts)?,
    };
    Ok(ExitCode::from(u8::from(!good)))
}

fn shop() -> anyhow::Result<Arc<Shop>> {
    Ok(Arc::new(Shop::from_env(&Env::from_process())?))
}

/// The pacts of one provider, or of all. That there are none is an error: nothing would have been shown.
fn of_provider(pacts: Vec<Pact>, provider: Option<&str>) -> anyhow::Result<Vec<Pact>> {
    let wanted = |pact: &Pact| provider.is_none_or(|name| pact.provider == name);
    let pacts: Vec<_> = pacts.into_iter().filter(wanted).collect();
    match provider {
        Some(name) if pacts.is_empty() => bail!("nobody has a pact with {name:?}"),
        _ => ensure!(!pacts.is_empty(), "there are no pacts"),
    }
    Ok(pacts)
}

/// Verifies them and keeps what came of it.
async fn verified(cli: &Cli, pacts: &[Pact]) -> anyhow::Result<Matrix> {
    let shop = shop()?;
    let mut matrix = Matrix::default();
    for pact in pacts {
        let outcomes = verify::verify(pact, &shop, &cli.repo, None).await?;
        matrix.rows.push(Row::of(pact, outcomes));
    }
    let mut kept = Matrix::load(&cli.matrix)?;
    kept.replace(&matrix.rows);
    kept.save(&cli.matrix)?;
    Ok(matrix)
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn show(matrix: &Matrix, json: bool, junit: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(matrix)?);
    } else if junit {
        print!("{}", matrix.junit());
    } else {
        print!("{matrix}");
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn can_deploy(matrix: &Path, service: &str, pacts: &[Pact]) -> anyhow::Result<bool> {
    let known = PROVIDERS.contains(&service) || pacts.iter().any(|pact| pact.consumer == service);
    ensure!(known, "there is no service {service:?}");
    let objections = Matrix::load(matrix)?.objections(service, pacts);
    if objections.is_empty() {
        println!("Yes: {service} keeps its word to everybody, and everybody to {service}.");
    } else {
        println!("No:");
        for objection in &objections {
            println!("  {objection}");
        }
    }
    Ok(objections.is_empty())
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn prove(proofs: &[Proof], json: bool) -> anyhow::Result<bool> {
    let unnoticed = proofs.iter().filter(|proof| proof.noticed_by.is_empty());
    let unnoticed = unnoticed.count();
    if json {
        println!("{}", serde_json::to_string_pretty(proofs)?);
        return Ok(unnoticed == 0);
    }
    for proof in proofs {
        let by = proof.noticed_by.first();
        println!(
            "{:<13} {:<15} {:<80} {}",
            proof.provider,
            proof.kind,
            proof.what,
            by.map_or("NOBODY NOTICED", String::as_str)
        );
    }
    println!(
        "{} of {} breaks noticed",
        proofs.len() - unnoticed,
        proofs.len()
    );
    Ok(unnoticed == 0)
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn release(contracts: &Path, pacts: &[Pact]) -> anyhow::Result<bool> {
    let folder = contracts.join(Edition::Released.folder());
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("empty {}", folder.display()))?;
    }
    for pact in pacts.iter().filter(|pact| pact.edition == Edition::Now) {
        let name = pact::file_name(&pact.consumer, &pact.provider);
        let path = format!("{}/{name}", Edition::Released.folder());
        contracts::files::File::json(path, &pact.document).write(contracts)?;
        println!("contracts/{}/{name} written", Edition::Released.folder());
    }
    Ok(true)
}
