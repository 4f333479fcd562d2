//! `liuzhuan rebuild` and `liuzhuan verify`
use crate::settings::Settings;
use anyhow::bail;

pub(super) async fn rebuild(settings: &Settings) -> anyhow::Result<()> {
    let (app, tasks) = super::open_existing(settings).await?;
    let position = app.build_anew().await?;
    super::say(format!("every read model built anew to position {position}"));
    super::close(app, tasks).await;
    Ok(())
}

pub(super) async fn verify(settings: &Settings) -> anyhow::Result<()> {
    let (app, tasks) = super::open_existing(settings).await?;
    let (position, faults) = eventstore::examine(app.log()).await?;
    for fault in &faults {
        super::say(fault);
    }
    if !faults.is_empty() {
        super::close(app, tasks).await;
        bail!("the log is damaged: keep this database as it is, restore the last copy into another, and report it");
    }
    super::say(format!("the log is whole: positions 1 to {position}, every body readable"));
    let ((first, last), faults) = registers::record::examine(app.db(), app.log().region()).await?;
    for fault in &faults {
        super::say(fault);
    }
    if !faults.is_empty() {
        super::close(app, tasks).await;
        bail!("the record of who did what is damaged: keep this database as it is, and report it");
    }
    super::say(format!("the record is whole: positions {first} to {last}, every body readable"));
    let differences = projections::rebuild::differences(&app.surroundings()).await?;
    super::close(app, tasks).await;
    for (table, rows) in &differences {
        super::say(format!("{table}: {rows} rows differ"));
    }
    if !differences.is_empty() {
        bail!("read models differ from the log; `liuzhuan rebuild` mends them; please report it");
    }
    super::say("every read model is what the log says");
    Ok(())
}
