//! How fast labels become a PDF, and how large one is: `cargo run --release -p labels --example speed`.
#![expect(clippy::print_stdout, reason = "prints what it measured")]
use domain::code::CodeKind;
use labels::label::Label;
use labels::sheet::{self, Job};
use labels::{code, error::Error, formats};
use rand::SeedableRng;
use std::time::Instant;

const LABELS: usize = 2_000;

fn main() -> Result<(), Error> {
    let mut rng = rand::rngs::StdRng::seed_from_u64(2_000);
    let labels: Vec<Label> =
        (0..LABELS).map(|_| Label::new(code::draw(CodeKind::Dossier, &mut rng), "安流镇便民服务中心")).collect();
    let Some(format) = formats::find("60x40") else { return Err(Error::NothingToPrint) };
    let print = |labels: &[Label]| sheet::print(&Job::new(format, labels, Some("lz.example.cn")))?.pdf();

    let one = print(&labels[..1])?;
    println!("one label: {} bytes of PDF", one.len());
    let began = Instant::now();
    let all = print(&labels)?;
    let seconds = began.elapsed().as_secs_f64();
    println!("{LABELS} labels, one a page: {:.0} a second, {} KB of PDF", LABELS as f64 / seconds, all.len() / 1024);
    Ok(())
}
