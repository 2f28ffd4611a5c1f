//! Fresh databases for tests, one of each engine.
#![expect(clippy::expect_used, reason = "a test without its database must stop and say why")]

use basis::{Env, Job};

use crate::{Db, Migrations, migrate};

/// A database that vanishes with this value (PostgreSQL: with the test cluster).
pub struct TestDb {
    /// The database, migrated.
    pub db: Db,
    /// Its address, to open it a second time.
    pub url: String,
    folder: Option<tempfile::TempDir>,
}

impl TestDb {
    /// The folder of a SQLite database.
    pub fn folder(&self) -> Option<&std::path::Path> {
        self.folder.as_ref().map(tempfile::TempDir::path)
    }
}

impl std::ops::Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

/// One database of each engine, migrated with these (the store's own come first by themselves).
///
/// # Panics
/// If `HEYON_TEST_POSTGRES` does not name a PostgreSQL on which databases may be made; `cargo xtask test` sets it.
pub async fn both(nouns: &[Migrations], env: &Env) -> Vec<TestDb> {
    vec![sqlite(nouns, env).await, postgres(nouns, env).await]
}

/// A fresh SQLite database in a temporary folder.
///
/// # Panics
/// If it cannot be made.
pub async fn sqlite(nouns: &[Migrations], env: &Env) -> TestDb {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let url = format!("sqlite://{}", folder.path().join("heyon.db").display());
    finish(url, Some(folder), nouns, env).await
}

/// A fresh database on the PostgreSQL of the tests.
///
/// # Panics
/// As [`both`].
pub async fn postgres(nouns: &[Migrations], env: &Env) -> TestDb {
    let server = std::env::var("HEYON_TEST_POSTGRES")
        .expect("HEYON_TEST_POSTGRES: run `cargo xtask test`, which starts one");
    let name = format!("test_{}", Env::system().new_id::<Job>()).replace("job_", "");
    let admin = Db::open(&server, env).await.expect("the PostgreSQL of the tests");
    let mut conn = admin.read().await.expect("a connection to it");
    conn.batch(format!("CREATE DATABASE {name}")).await.expect("a database of the test's own");
    drop(conn);
    admin.close().await;
    let (base, _) = server.rsplit_once('/').expect("postgres://host/database");
    finish(format!("{base}/{name}"), None, nouns, env).await
}

async fn finish(url: String, folder: Option<tempfile::TempDir>, nouns: &[Migrations], env: &Env) -> TestDb {
    let db = Db::open(&url, env).await.expect("the database opens");
    let mut all = vec![crate::MIGRATIONS];
    all.extend_from_slice(nouns);
    migrate(&db, &all, env.now()).await.expect("the migrations run");
    TestDb { db, url, folder }
}
