//! Paper: how fast sheets of labels become PDF, and how large one label is. No database and no door.
use super::Setting;
use super::figures::{Board, closed_loop};
use domain::code::CodeKind;
use labels::formats::{self, Format};
use labels::label::Label;
use labels::sheet::{self, Job};

const SHEETS: &str = "labels to PDF, ten sheets of 24";
/// Labels in one PDF.
const MANY: usize = 240;
/// A host as long as one may be.
const HOST: &str = "lz.abcde.gov.cn";

/// One round, on one core.
pub(super) async fn measure(setting: &Setting, board: &mut Board) -> anyhow::Result<()> {
    if !board.wants(SHEETS) {
        return Ok(());
    }
    let step = |_, _| async {
        let printed = tokio::task::spawn_blocking(|| pdf("a4-3x8", MANY)).await?;
        printed.map(|_| MANY as u64)
    };
    board.add(SHEETS, None, closed_loop(1, setting.time, step).await?);
    Ok(())
}

/// How large the PDF of one label is.
pub(super) fn size_of_one() -> anyhow::Result<String> {
    Ok(format!("{} bytes of PDF, 60 × 40 mm", pdf("60x40", 1)?.len()))
}

fn pdf(format: &str, count: usize) -> anyhow::Result<Vec<u8>> {
    let format: &Format = formats::find(format).ok_or_else(|| anyhow::anyhow!("no format {format}"))?;
    let draw = || labels::code::draw(CodeKind::Dossier, &mut rand::rng());
    let labels: Vec<Label> = (0..count).map(|_| Label::new(draw(), "水寨镇便民服务中心")).collect();
    Ok(sheet::print(&Job::new(format, &labels, Some(HOST)))?.pdf()?)
}
