//! Where the data folder can be, and as whom the server runs: PostgreSQL refuses to run as root.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use nix::unistd::{Uid, User};
use sha2::{Digest as _, Sha256};

use crate::{Error, Result, RunAs};

/// Users that PostgreSQL may run as when the lab is started as root, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The name of a socket file has 107 bytes at most, 103 on macOS; this leaves room for `/.s.PGSQL.65535`.
const SOCKET_FOLDER_BYTES_MAX: usize = 88;

/// The folder of the cluster and the user that owns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The folder; the data is in `data` below it.
    pub dir: PathBuf,
    /// The user to become; none when the lab is not started as root.
    pub run_as: Option<RunAs>,
    /// Why the folder is not below the state folder, as a sentence, when it is not.
    pub relocated: Option<String>,
}

impl Placement {
    /// The data folder itself.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// The folder of the server's socket file. None where its name would be longer than the system takes, or is one
    /// that PostgreSQL takes for several.
    #[must_use]
    pub fn sockets(&self) -> Option<PathBuf> {
        let folder = self.dir.join("socket");
        let fits = folder.as_os_str().len() <= SOCKET_FOLDER_BYTES_MAX;
        let is_one = folder
            .to_str()
            .is_some_and(|name| !name.contains([',', '"']));
        (fits && is_one).then_some(folder)
    }
}

/// Decides where the cluster of the lab in `state` lives; the same state folder always gets the same answer, as
/// long as the permissions on the way to it stay the same. Creates the state folder, not the cluster's.
///
/// # Errors
/// When the state folder cannot be made, or no unprivileged user exists.
pub fn place(state: &Path) -> Result<Placement> {
    fs::create_dir_all(state).map_err(Error::io(|| format!("create {}", state.display())))?;
    let state = state
        .canonicalize()
        .map_err(Error::io(|| format!("resolve {}", state.display())))?;
    if !Uid::effective().is_root() {
        return Ok(Placement {
            dir: state.join("postgres"),
            run_as: None,
            relocated: None,
        });
    }
    let (name, user) = unprivileged_user()?;
    let closed = first_closed(&state, user)?;
    let Some(closed) = closed else {
        return Ok(Placement {
            dir: state.join("postgres"),
            run_as: Some(user),
            relocated: None,
        });
    };
    let key = hex::encode(&Sha256::digest(state.as_os_str().as_encoded_bytes())[..8]);
    let dir = Path::new("/var/tmp").join(format!("faultline-{key}"));
    let relocated = format!(
        "PostgreSQL runs as the user {name}, who may not enter {}; its data is in {}",
        closed.display(),
        dir.display()
    );
    Ok(Placement {
        dir,
        run_as: Some(user),
        relocated: Some(relocated),
    })
}

/// Creates the cluster's folder, or checks that nobody else has made it.
///
/// /var/tmp is open to all: a folder that another user put there first is refused, not used.
pub(super) fn create(placement: &Placement) -> Result<()> {
    let dir = &placement.dir;
    let made = fs::DirBuilder::new().mode(0o711).create(dir);
    match made {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::io(|| format!("create {}", dir.display()))(error));
        }
        _ => {}
    }
    let meta =
        fs::symlink_metadata(dir).map_err(Error::io(|| format!("inspect {}", dir.display())))?;
    if !meta.is_dir() || meta.uid() != Uid::effective().as_raw() {
        return Err(Error::Unsafe {
            path: dir.clone(),
            problem: "belongs to somebody else".into(),
            mend: "Look at what it is, and remove it".into(),
        });
    }
    // The process' umask may have taken the right to pass through, which the server's user needs.
    fs::set_permissions(dir, fs::Permissions::from_mode(0o711)).map_err(Error::io(|| {
        format!("open {} to the server's user", dir.display())
    }))
}

/// Removes the cluster with all its data, if there is one and it is ours. Stop the server first.
///
/// # Errors
/// When it cannot be removed.
pub fn remove(placement: &Placement) -> Result<()> {
    let dir = &placement.dir;
    let ours = fs::symlink_metadata(dir)
        .is_ok_and(|meta| meta.is_dir() && meta.uid() == Uid::effective().as_raw());
    if ours {
        fs::remove_dir_all(dir).map_err(Error::io(|| format!("remove {}", dir.display())))
    } else {
        Ok(())
    }
}

/// Gives `path` to the user that the server runs as.
pub(super) fn hand_over(path: &Path, user: Option<RunAs>) -> Result<()> {
    match user {
        Some(RunAs { uid, gid }) => chown(path, Some(uid), Some(gid)).map_err(Error::io(|| {
            format!("give {} to the server's user", path.display())
        })),
        None => Ok(()),
    }
}

fn unprivileged_user() -> Result<(&'static str, RunAs)> {
    let found = UNPRIVILEGED.into_iter().find_map(|name| {
        let user = User::from_name(name).ok().flatten()?;
        Some((
            name,
            RunAs {
                uid: user.uid.as_raw(),
                gid: user.gid.as_raw(),
            },
        ))
    });
    found.ok_or_else(|| Error::Missing {
        what: "an unprivileged user for PostgreSQL, which refuses to run as root,".into(),
        mend: "Make one: useradd --system postgres".into(),
    })
}

/// The first folder on the way to `path`, itself included, that `user` may not pass through.
fn first_closed(path: &Path, user: RunAs) -> Result<Option<PathBuf>> {
    for folder in path.ancestors() {
        let meta =
            fs::metadata(folder).map_err(Error::io(|| format!("inspect {}", folder.display())))?;
        let right = match (meta.uid() == user.uid, meta.gid() == user.gid) {
            (true, _) => 0o100,
            (false, true) => 0o010,
            (false, false) => 0o001,
        };
        if meta.mode() & right == 0 {
            return Ok(Some(folder.into()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: RunAs = RunAs {
        uid: 54_321,
        gid: 54_321,
    };

    #[test]
    fn a_folder_that_others_may_not_enter_is_named() {
        let root = tempfile::tempdir().unwrap();
        let closed = root.path().join("closed");
        let below = closed.join("state");
        fs::create_dir_all(&below).unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(
            first_closed(&below, STRANGER).unwrap(),
            Some(closed.clone())
        );
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o711)).unwrap();
        assert_eq!(first_closed(&below, STRANGER).unwrap(), None);
    }
}
