//! Disk on which the agent keeps modules.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::time::Instant;

use mesh::Mesh;

use crate::record::{CLOSED, Outcome};
use crate::stage::Stage;

/// A module that is already there needs no space.
pub async fn it_is_full(mesh: &mut Mesh) {
    let stage = Stage::start(mesh).await;
    let filler = fill(&stage);
    let started = Instant::now();
    stage.service.apply("maintenance-mode");
    stage.assert_shut(&CLOSED).await;
    stage.until_logged("no space left on device").await;
    let to_closed = stage.clients.since(started).time_until_all(started, &CLOSED);

    fs::remove_file(filler).expect("the disk has space again");
    stage.apply_with_retry_after(300, 301).await;
    let filler = fill(&stage);
    stage.apply_with_retry_after(301, 302).await;
    mesh.registry.push_next_version().await;
    let url = mesh.registry.image().replace(":0.1.0", ":0.2.0");
    stage.service.patch("maintenance-mode", &format!(r#"{{"spec":{{"url":"{url}"}}}}"#));
    stage.assert_shut(&CLOSED).await;
    fs::remove_file(filler).expect("the disk has space again");
    stage.assert_delete_ends_it().await;
    let record = stage.finish("disk::it_is_full", &[("closed after", to_closed)]).await;
    record.assert_only(|outcome| {
        matches!(outcome, Outcome::Application | Outcome::Maintenance(_)) || *outcome == CLOSED
    });
}

/// Fills the agent's disk and returns the file that does.
fn fill(stage: &Stage) -> PathBuf {
    let path = stage.service.proxy().module_folder().join("filler");
    let mut file = File::create(&path).expect("a file");
    let block = [0; 4096];
    let error = loop {
        if let Err(error) = file.write_all(&block) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::StorageFull);
    path
}
