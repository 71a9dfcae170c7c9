//! `faultline logs SERVICE`: the end of a log, and what comes after it.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use supervisor::{Dirs, logs};

use crate::cli::Global;
use crate::home::Home;
use crate::{Verdict, lab, term};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What `--help` says.
pub const HELP: &str = "Print the end of a process's log (its stdout and stderr), from the running \
    lab or the last one.\n\nServices write one JSON object a line. The lab's own log is \
    `supervisor`.";

/// Options of `logs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A process, such as order, postgres or supervisor
    pub service: String,
    /// Go on with new lines until Ctrl-C
    #[arg(short, long)]
    pub follow: bool,
    /// How many lines to begin with
    #[arg(short = 'n', long, default_value_t = 50)]
    pub lines: usize,
}

/// Prints it.
///
/// # Errors
/// When there is no such log, with those there are.
pub async fn run(global: &Global, args: Args) -> anyhow::Result<Verdict> {
    let home = Home::find(global)?;
    let dirs = lab::dirs(&home)
        .with_context(|| format!("no lab was ever started in {}", home.state.display()))?;
    let path = dirs.log(&args.service);
    let known = names(&dirs);
    if !known.contains(&args.service) {
        bail!(
            "there is no log of {:?}; there are: {}",
            args.service,
            known.join(", ")
        );
    }
    let mut end = Follower::at_end(&path)?;
    for line in logs::last_lines(&path, args.lines)? {
        term::out(line);
    }
    if args.follow {
        loop {
            end.print_new(&path)?;
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(Verdict::Yes)
}

fn names(dirs: &Dirs) -> Vec<String> {
    let files = fs::read_dir(dirs.logs()).into_iter().flatten().flatten();
    let mut names: Vec<String> = files
        .filter_map(|file| Some(file.file_name().to_str()?.strip_suffix(".log")?.to_owned()))
        .collect();
    names.sort();
    names
}

/// A place in a log that may be rotated under us.
struct Follower {
    file: File,
    inode: u64,
}

impl Follower {
    fn at_end(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::End(0))?;
        let inode = file.metadata()?.ino();
        Ok(Self { file, inode })
    }

    fn print_new(&mut self, path: &Path) -> io::Result<()> {
        self.copy()?;
        // Another file has the name now: the rest of the old one is read, so begin with the new.
        if let Ok(now) = fs::metadata(path)
            && now.ino() != self.inode
        {
            self.copy()?;
            *self = Self {
                file: File::open(path)?,
                inode: now.ino(),
            };
            self.copy()?;
        }
        Ok(())
    }

    fn copy(&mut self) -> io::Result<()> {
        let mut fresh = Vec::new();
        self.file.read_to_end(&mut fresh)?;
        let mut out = io::stdout();
        if out.write_all(&fresh).and_then(|()| out.flush()).is_err() {
            std::process::exit(0);
        }
        Ok(())
    }
}
