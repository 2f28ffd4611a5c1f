//! Password hashing: argon2id, a bounded number at a time.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, PasswordHash, Salt},
};
use basis::{Env, Kind, Problem};
use tokio::sync::Semaphore;

use crate::rules::can_be_password;

const ALGORITHM: Algorithm = Algorithm::Argon2id;
const VERSION: Version = Version::V0x13;
/// OWASP's Password Storage Cheat Sheet, argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// glibc keeps freed blocks of up to 32 MiB for the thread that had them, and every thread of the pool hashes one day: that
/// was a gigabyte. Larger blocks go back to the system at once, and what of them is not touched takes no memory.
const MEMORY_ROOM_KIB: usize = 33 * 1024;
/// So many may wait for each one that is hashing; more are told to come again.
const WAITING_PER_PLACE: usize = 32;

/// Hashes and checks passwords, only a few at a time: each takes 19 MiB and some 20 ms of a core, so a flood
/// of sign-ins waits here and cannot eat the machine.
#[derive(Clone)]
pub struct Passwords {
    argon2: Argon2<'static>,
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Passwords {
    /// With OWASP's costs, this many at a time.
    pub fn new(at_once: usize) -> Self {
        Self::with_cost(at_once, Params::new(MEMORY_KIB, PASSES, 1, None).unwrap_or_default())
    }

    /// As cheap as argon2 allows: for tests, where nobody attacks.
    pub fn cheap() -> Self {
        Self::with_cost(8, Params::new(8, 1, 1, None).unwrap_or_default())
    }

    fn with_cost(at_once: usize, params: Params) -> Self {
        let at_once = at_once.max(1);
        Self {
            argon2: Argon2::new(ALGORITHM, VERSION, params),
            places: Arc::new(Semaphore::new(at_once)),
            queue: Arc::new(Semaphore::new(at_once.saturating_mul(WAITING_PER_PLACE))),
        }
    }

    /// The PHC string (`$argon2id$v=19$m=…`) of a password, with a fresh salt.
    ///
    /// # Errors
    /// Unavailable if too many are waiting already.
    pub async fn hash(&self, env: &Env, password: &str) -> Result<String, Problem> {
        let salt: [u8; 16] = env.random();
        let password = password.to_owned();
        self.run(move |argon2| {
            let output = output(argon2, &password, &salt)?;
            phc_string(argon2.params(), &salt, output).map_err(|e| failed(&e))
        })
        .await?
    }

    /// True if the password is the one that was hashed. Without a hash (nobody has that address) it works just
    /// as long and says no, so that the time tells nothing.
    ///
    /// # Errors
    /// Unavailable if too many are waiting already.
    pub async fn check(&self, password: &str, hash: Option<String>) -> Result<bool, Problem> {
        if !can_be_password(password) {
            return Ok(false);
        }
        let password = password.to_owned();
        self.run(move |argon2| match hash {
            Some(hash) => is_password_of(&password, &hash),
            None => {
                let _the_same_work = output(argon2, &password, &[0; 16]);
                false
            }
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let busy = || Problem::new(Kind::Unavailable, "accounts-busy");
        let _waiting = self.queue.try_acquire().map_err(|_| busy())?;
        // The place goes with the work: a browser that hangs up must not free it while the core is still busy.
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| busy())?;
        let argon2 = self.argon2.clone();
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work(&argon2)
        });
        done.await.map_err(|e| Problem::internal("password hashing stopped").because(e))
    }
}

/// What argon2 makes of a password and its salt.
fn output(argon2: &Argon2<'_>, password: &str, salt: &[u8]) -> Result<Output, Problem> {
    let mut memory = Vec::with_capacity(MEMORY_ROOM_KIB);
    memory.resize(argon2.params().block_count(), Block::new());
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    argon2
        .hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory)
        .map_err(|e| failed(&e))?;
    Output::new(&output).map_err(|e| failed(&e))
}

fn failed(error: &dyn std::fmt::Display) -> Problem {
    Problem::internal("password hashing").because(error)
}

fn phc_string(params: &Params, salt: &[u8], output: Output) -> Result<String, argon2::password_hash::Error> {
    let hash = PasswordHash {
        algorithm: ALGORITHM.ident(),
        version: Some(VERSION.into()),
        params: params.try_into()?,
        salt: Some(Salt::new(salt)?),
        hash: Some(output),
    };
    Ok(hash.to_string())
}

/// By the costs that stand in the hash, which may be those of an earlier release. Compared in constant time.
fn is_password_of(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let (Ok(params), Some(salt), Some(known)) = (Params::try_from(&hash), hash.salt, hash.hash) else {
        return false;
    };
    let ours = hash.algorithm == ALGORITHM.ident() && hash.version == Some(VERSION.into());
    ours && output(&Argon2::new(ALGORITHM, VERSION, params), password, &salt)
        .is_ok_and(|found| found == known)
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passwords").field("places", &self.places.available_permits()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_by_its_hash_only() {
        let (env, passwords) = (Env::system(), Passwords::new(2));
        let hash = passwords.hash(&env, "correct horse battery").await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.check("correct horse battery", Some(hash.clone())).await.unwrap());
        assert!(!passwords.check("correct horse batterz", Some(hash.clone())).await.unwrap());
        assert!(!passwords.check("", Some(hash.clone())).await.unwrap());
        assert!(!passwords.check("correct horse battery", None).await.unwrap());
        assert!(!passwords.check("anything", Some("not a hash".to_owned())).await.unwrap());
        let again = passwords.hash(&env, "correct horse battery").await.unwrap();
        assert_ne!(hash, again, "each has its own salt");
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn the_memory_goes_back_when_all_are_done() {
        let resident_mb = || {
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096 / 1_000_000
        };
        let (passwords, before) = (Passwords::new(4), resident_mb());
        let check = || passwords.check("correct horse battery", None);
        for _ in 0..3 {
            tokio::try_join!(check(), check(), check(), check()).unwrap();
        }
        let after = resident_mb();
        assert!(after < before + 20, "{before} MB before, {after} MB after");
    }

    #[tokio::test]
    async fn a_flood_is_turned_away() {
        let passwords = Passwords::with_cost(1, Params::new(8, 1, 1, None).unwrap());
        let _all_waiting = passwords.queue.try_acquire_many(32).unwrap();
        let refused = passwords.check("correct horse battery", None).await.unwrap_err();
        assert_eq!(refused.kind, Kind::Unavailable);
    }
}
