//! Every password and key of one lab, derived from one root key that is generated once.
//!
//! Only the root is on disk (`<state>/secrets/root.key`, mode 0600). A secret is
//! HKDF-SHA256(root, label) (RFC 5869), so a new role or service needs no migration of the file, and no secret
//! reveals another. This is a lab's convenience, not a vault: whoever reads the root has them all.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use hkdf::Hkdf;
use rand::TryRngCore as _;
use sha2::Sha256;

use crate::{Error, Result};

const ROOT_LEN: usize = 32;

/// The secrets of one state folder.
#[derive(Clone)]
pub struct Secrets {
    root: [u8; ROOT_LEN],
}

impl Secrets {
    /// Reads the root key under `state`, or generates it when there is none.
    ///
    /// Safe to call from several processes at once: all get the same key.
    ///
    /// # Errors
    /// When the key is readable by others than its owner, is damaged, or cannot be read or written.
    pub fn load_or_create(state: &Path) -> Result<Self> {
        let folder = state.join("secrets");
        let path = folder.join("root.key");
        if !path.exists() {
            // The state folder itself stays as open as it is: PostgreSQL's user must get through it.
            fs::create_dir_all(state)
                .and_then(|()| {
                    fs::DirBuilder::new()
                        .recursive(true)
                        .mode(0o700)
                        .create(&folder)
                })
                .map_err(Error::io(|| format!("create {}", folder.display())))?;
            create_root(&folder, &path)?;
        }
        load_root(&path).map(|root| Self { root })
    }

    /// 256 bits for `label`; the same label always gives the same bytes.
    #[must_use]
    pub fn key(&self, label: &str) -> [u8; 32] {
        let mut key = [0; 32];
        Hkdf::<Sha256>::new(Some(b"faultline/1"), &self.root)
            .expand(label.as_bytes(), &mut key)
            .expect("32 bytes are within HKDF's limit of 255 blocks");
        key
    }

    /// [`Secrets::key`] as 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn hex_key(&self, label: &str) -> String {
        hex::encode(self.key(label))
    }

    /// A password of 128 bits in 32 hexadecimal digits: nothing in it needs quoting in a URL or a file.
    #[must_use]
    pub fn password(&self, label: &str) -> String {
        hex::encode(&self.key(label)[..16])
    }

    /// The password of PostgreSQL's role `role`.
    #[must_use]
    pub fn postgres_role(&self, role: &str) -> String {
        self.password(&format!("postgres/role/{role}"))
    }

    /// The password that Redis asks for.
    #[must_use]
    pub fn redis(&self) -> String {
        self.password("redis")
    }

    /// The password of the shop's first administrator; it has upper and lower case, digits and a sign.
    #[must_use]
    pub fn administrator(&self) -> String {
        format!("Fl-{}", &self.password("shop/administrator")[..20])
    }

    /// The key that services sign their tokens to one another with, in hexadecimal.
    #[must_use]
    pub fn service_token_key(&self) -> String {
        self.hex_key("shop/service-token")
    }

    /// The key that the payment provider signs its webhooks with.
    #[must_use]
    pub fn psp_webhook(&self) -> String {
        format!("whsec_{}", self.password("psp/webhook"))
    }

    /// The key that payment shows to the payment provider.
    #[must_use]
    pub fn psp_api_key(&self) -> String {
        format!("sk_test_{}", self.password("psp/api-key"))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

/// A password that a struct keeps; it does not show in the struct's debug form.
#[derive(Clone)]
pub(crate) struct Password(pub(crate) String);

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Writes a new key beside `path` and links it into place: a reader never sees half a key, and of two
/// writers the first wins.
fn create_root(folder: &Path, path: &Path) -> Result<()> {
    let mut root = [0; ROOT_LEN];
    rand::rngs::OsRng
        .try_fill_bytes(&mut root)
        .map_err(|error| Error::Invalid(format!("the system gives no random bytes: {error}")))?;
    let draft = folder.join(format!(".root.{}", uuid::Uuid::now_v7()));
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)?;
        writeln!(file, "{}", hex::encode(root))?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    };
    let written = write().map_err(Error::io(|| format!("write {}", path.display())));
    // Best effort: a draft that stays behind is as secret as the key itself.
    let _ = fs::remove_file(&draft);
    written
}

fn load_root(path: &Path) -> Result<[u8; ROOT_LEN]> {
    let reading = || format!("read {}", path.display());
    let mode = fs::metadata(path).map_err(Error::io(reading))?.mode();
    if mode & 0o077 != 0 {
        return Err(Error::Unsafe {
            path: path.into(),
            problem: format!("can be read by others (mode {:03o})", mode & 0o777),
            mend: format!("Run: chmod 600 {}", path.display()),
        });
    }
    let text = fs::read_to_string(path).map_err(Error::io(reading))?;
    let mut root = [0; ROOT_LEN];
    hex::decode_to_slice(text.trim(), &mut root).map_err(|_| Error::Unsafe {
        path: path.into(),
        problem: "does not hold 64 hexadecimal digits".into(),
        mend: "Remove the state folder to start with a new lab: its data cannot be opened without the key".into(),
    })?;
    Ok(root)
}
