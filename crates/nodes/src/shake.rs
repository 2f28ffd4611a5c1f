//! How two nodes begin: each shows that it knows the secret, over random bytes of the other's, and both have keys that
//! no other connection has.
//!
//! The caller sends 32 random bytes, the other end 32 of its own and a proof, the caller its proof.

use std::io;

use basis::{Env, SecretKey};
use subtle::ConstantTimeEq as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::frame::Seal;

/// What a connection begins with.
const MAGIC: &[u8; 8] = b"heyon n1";

/// The keys of a connection: what we send, what we hear.
pub(crate) struct Seals {
    pub(crate) sending: Seal,
    pub(crate) hearing: Seal,
}

struct Keys<'a> {
    secret: &'a SecretKey,
    nonces: [u8; 64],
}

impl Keys<'_> {
    fn proof(&self, of: &str) -> [u8; 32] {
        self.secret.mac(of, &self.nonces)
    }

    fn seal(&self, of: &str) -> Seal {
        Seal::new(SecretKey::new(self.proof(of)))
    }
}

/// As the one who calls.
pub(crate) async fn call<S>(stream: &mut S, secret: &SecretKey, env: &Env) -> io::Result<Seals>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let ours: [u8; 32] = env.random();
    stream.write_all(MAGIC).await?;
    stream.write_all(&ours).await?;
    let theirs = bytes(stream).await?;
    let keys = Keys { secret, nonces: together(ours, theirs) };
    check(bytes(stream).await?, keys.proof("node called"))?;
    stream.write_all(&keys.proof("node caller")).await?;
    Ok(Seals { sending: keys.seal("node from caller"), hearing: keys.seal("node from called") })
}

/// As the one who is called.
pub(crate) async fn be_called<S>(stream: &mut S, secret: &SecretKey, env: &Env) -> io::Result<Seals>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut magic = [0; MAGIC.len()];
    stream.read_exact(&mut magic).await?;
    if magic != *MAGIC {
        return Err(io::Error::other("it does not speak as a node"));
    }
    let theirs = bytes(stream).await?;
    let ours: [u8; 32] = env.random();
    let keys = Keys { secret, nonces: together(theirs, ours) };
    stream.write_all(&ours).await?;
    stream.write_all(&keys.proof("node called")).await?;
    check(bytes(stream).await?, keys.proof("node caller"))?;
    Ok(Seals { sending: keys.seal("node from called"), hearing: keys.seal("node from caller") })
}

fn together(first: [u8; 32], second: [u8; 32]) -> [u8; 64] {
    let mut both = [0; 64];
    both.iter_mut().zip(first.into_iter().chain(second)).for_each(|(to, from)| *to = from);
    both
}

async fn bytes(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn check(theirs: [u8; 32], should: [u8; 32]) -> io::Result<()> {
    if bool::from(theirs.ct_eq(&should)) {
        return Ok(());
    }
    Err(io::Error::other("it does not know the secret of these nodes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn meet(ours: u8, theirs: u8) -> [io::Result<Seals>; 2] {
        let (mut near, mut far) = tokio::io::duplex(1024);
        let env = Env::system();
        let (one, other) = (SecretKey::new([ours; 32]), SecretKey::new([theirs; 32]));
        let calls = async {
            let sealed = call(&mut near, &one, &env).await;
            drop(near);
            sealed
        };
        let answers = async {
            let sealed = be_called(&mut far, &other, &env).await;
            drop(far);
            sealed
        };
        let (first, second) = tokio::join!(calls, answers);
        [first, second]
    }

    #[tokio::test]
    async fn only_who_knows_the_secret_gets_in() {
        assert!(meet(1, 1).await.iter().all(Result::is_ok));
        assert!(meet(1, 2).await.iter().all(Result::is_err));
    }
}
