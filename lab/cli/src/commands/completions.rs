//! `faultline completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::Verdict;
use crate::cli::Cli;

/// What `--help` says.
pub const HELP: &str = "Print a completion script.\n\n\
    bash:  faultline completions bash > ~/.local/share/bash-completion/completions/faultline\n\
    zsh:   faultline completions zsh > \"${fpath[1]}/_faultline\"\n\
    fish:  faultline completions fish > ~/.config/fish/completions/faultline.fish";

/// Options of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    pub shell: Shell,
}

/// Prints it.
///
/// # Errors
/// Never; the signature is that of every command.
pub fn run(args: Args) -> anyhow::Result<Verdict> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "faultline", &mut script);
    crate::term::out(String::from_utf8_lossy(&script));
    Ok(Verdict::Yes)
}
