//! Making a cluster's data folder, once, so that half of one is never taken for one.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    process::Command,
};

use super::{Cluster, SUPERUSER, placement};
use crate::{Error, Result, process};

/// Who may come in from where: every role, from this machine, with its password. Nothing else.
const HOST_BASED_AUTHENTICATION: &str = "# TYPE DATABASE USER ADDRESS METHOD\n\
                                         local all all scram-sha-256\n\
                                         host all all 127.0.0.1/32 scram-sha-256\n";

impl Cluster {
    /// Makes the data folder if there is none; says whether it did. An interrupted attempt leaves nothing behind
    /// that a later one would take for a cluster.
    ///
    /// # Errors
    /// When the folder cannot be made, `initdb` fails, or the data was made with other secrets than this lab's.
    pub fn initialise(&self) -> Result<bool> {
        let data = self.placement.data();
        if data.join("PG_VERSION").exists() {
            if self.is_ours() {
                self.make_socket_folder()?;
                admit(&data)?;
                return Ok(false);
            }
            self.discard_foreign()?;
        }
        placement::create(&self.placement)?;
        self.make_socket_folder()?;
        let draft = self.placement.dir.join("data.new");
        if draft.exists() {
            fs::remove_dir_all(&draft)
                .map_err(Error::io(|| format!("remove {}", draft.display())))?;
        }
        let made = fs::DirBuilder::new().mode(0o700).create(&draft);
        made.map_err(Error::io(|| format!("create {}", draft.display())))?;
        placement::hand_over(&draft, self.placement.run_as)?;
        self.initdb(&draft)?;
        admit(&draft)?;
        fs::write(self.fingerprint_file(), &self.fingerprint)
            .and_then(|()| fs::rename(&draft, &data))
            .map_err(Error::io(|| format!("create {}", data.display())))?;
        Ok(true)
    }

    fn make_socket_folder(&self) -> Result<()> {
        let Some(folder) = self.placement.sockets() else {
            return Ok(());
        };
        fs::create_dir_all(&folder)
            .map_err(Error::io(|| format!("create {}", folder.display())))?;
        placement::hand_over(&folder, self.placement.run_as)
    }

    fn fingerprint_file(&self) -> PathBuf {
        self.placement.dir.join("lab")
    }

    fn is_ours(&self) -> bool {
        fs::read_to_string(self.fingerprint_file()).is_ok_and(|found| found == self.fingerprint)
    }

    /// Data outside the state folder outlives it: when that was removed, so was the lab, and what is left of it goes.
    /// Data inside is refused, because somebody may want to put the key back.
    fn discard_foreign(&self) -> Result<()> {
        if self.placement.relocated.is_some() {
            return placement::remove(&self.placement);
        }
        Err(Error::Unsafe {
            path: self.placement.dir.clone(),
            problem: "was made with other secrets than this lab has".into(),
            mend: "Put the old secrets/root.key back, or remove that folder to start with empty databases".into(),
        })
    }

    fn initdb(&self, draft: &Path) -> Result<()> {
        let password_file = self.placement.dir.join("password.new");
        self.write_password(&password_file)?;
        let mut command = Command::new(self.installation.bin.join("initdb"));
        command
            .arg("--pgdata")
            .arg(draft)
            .arg("--pwfile")
            .arg(&password_file)
            .arg(format!("--username={SUPERUSER}"))
            .args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C"])
            .args(["--data-checksums", "--no-instructions"])
            // The state folder may be one that the server's user cannot list.
            .current_dir(&self.placement.dir);
        process::become_user(&mut command, self.placement.run_as);
        let made = process::run(&mut command);
        fs::remove_file(&password_file)
            .map_err(Error::io(|| format!("remove {}", password_file.display())))?;
        made.map(|_| ())
    }

    fn write_password(&self, path: &Path) -> Result<()> {
        let mut options = OpenOptions::new();
        options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| writeln!(file, "{}", self.password.0))
            .map_err(Error::io(|| format!("write {}", path.display())))?;
        placement::hand_over(path, self.placement.run_as)
    }
}

/// Written at each start, like the settings.
fn admit(data: &Path) -> Result<()> {
    let rules = data.join("pg_hba.conf");
    fs::write(&rules, HOST_BASED_AUTHENTICATION)
        .map_err(Error::io(|| format!("write {}", rules.display())))
}
