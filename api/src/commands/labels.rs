//! `liuzhuan labels`
use crate::paper::{self, Printed, Sheet};
use crate::printing::{self, Done, Print, To};
use crate::problem::Problem;
use crate::settings::Settings;
use crate::v1::labels::{MintRequest, mint_now};
use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use domain::code::{Code, CodeKind};
use labels::formats::FORMATS;
use std::path::PathBuf;
use uuid::Uuid;

/// What a label is stuck on.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Dossier,
    Bag,
    Site,
    Shelf,
    Badge,
}

/// Mints labels and prints them as PDF, each job recorded. With --code prints labels again, and says why. A label means
/// nothing until it is scanned: print rolls ahead of time.
#[derive(Debug, Args)]
pub(super) struct Labels {
    /// What they are stuck on.
    #[arg(long, value_enum, default_value_t = Kind::Dossier)]
    kind: Kind,
    /// How many new labels.
    #[arg(long, default_value_t = 24)]
    count: usize,
    /// A label that exists, to be printed again; several times for several.
    #[arg(long = "code", value_name = "CODE", conflicts_with = "count")]
    codes: Vec<String>,
    /// Why labels are printed again.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The site they are for; for a site or shelf label, the one it names.
    #[arg(long, value_name = "SITE")]
    site: Option<String>,
    /// For a shelf label, the shelf or slot at that site; one label.
    #[arg(long, requires = "site", value_name = "SHELF")]
    shelf: Option<String>,
    /// Label format; --formats lists them. [default: 60x40, for bags and sites 100x150]
    #[arg(long, value_name = "NAME")]
    format: Option<String>,
    /// The first free place on a begun sheet, from 1.
    #[arg(long, default_value_t = 1, value_name = "PLACE")]
    start: usize,
    /// Tenths of a millimetre to the right, as the calibration page showed.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_name = "TENTHS")]
    right: i16,
    /// Tenths of a millimetre down.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true, value_name = "TENTHS")]
    down: i16,
    /// The PDF to write; never overwritten.
    #[arg(long, default_value = "labels.pdf", value_name = "FILE")]
    out: PathBuf,
    /// A page to measure the printer with, instead of labels.
    #[arg(long)]
    calibration: bool,
    /// List the formats and do nothing else.
    #[arg(long)]
    formats: bool,
}

impl Labels {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<()> {
        if self.formats {
            for format in &FORMATS {
                super::say(format!("{}\t{}", format.name, format.source));
            }
            return Ok(());
        }
        if self.out.exists() {
            bail!("{} exists already: choose another name with --out", self.out.display());
        }
        let kind = match self.kind {
            Kind::Dossier => CodeKind::Dossier,
            Kind::Bag => CodeKind::Bag,
            Kind::Site => CodeKind::Site,
            Kind::Shelf => CodeKind::Shelf,
            Kind::Badge => CodeKind::Badge,
        };
        let format = paper::format(self.format.as_deref(), kind).map_err(told)?;
        let sheet = Sheet { format, start: self.start, right: self.right, down: self.down };
        let printed = if self.calibration {
            paper::calibration(sheet).map_err(told)?
        } else {
            self.print(settings, kind, sheet).await?
        };
        std::fs::write(&self.out, &printed.bytes).with_context(|| format!("cannot write {}", self.out.display()))?;
        if !printed.missing.is_empty() {
            super::say(format!(
                "characters the font lacks, printed as □ and their number: {}",
                printed.missing.join(" ")
            ));
        }
        super::say(self.out.display());
        Ok(())
    }

    async fn print(&self, settings: &Settings, kind: CodeKind, sheet: Sheet) -> anyhow::Result<Printed> {
        sheet.check().map_err(told)?;
        let again = self.codes.iter().map(|text| labels::code::read(text)).collect::<Result<Vec<Code>, _>>()?;
        let site = self.site.as_deref().map(str::parse).transpose().context("--site")?;
        let (app, tasks) = super::open_existing(settings).await?;
        let job = Uuid::new_v4();
        let count = if self.shelf.is_some() { 1 } else { self.count };
        let asked = MintRequest { request_id: job, kind, count, codes: Vec::new(), site, shelf: self.shelf.clone() };
        let codes = if again.is_empty() {
            mint_now(&app, &asked)
                .await
                .map(|minted| minted.codes.iter().filter_map(|it| labels::code::read(it).ok()).collect())
        } else {
            Ok(again)
        };
        let printed = match codes {
            Ok(codes) => {
                let by = "liuzhuan labels".to_owned();
                let reason = self.reason.clone();
                let asked = Print { job, by, site: None, codes, sheet, to: To::Pdf, reason, again_of: None };
                printing::print(&app, &asked).await
            }
            Err(problem) => Err(problem),
        };
        super::close(app, tasks).await;
        match printed.map_err(told)? {
            Done::File(printed) => Ok(printed),
            Done::Sent { .. } => Err(anyhow!("it was sent to a printer")),
        }
    }
}

fn told(problem: Problem) -> anyhow::Error {
    anyhow!("{}", problem.detail.unwrap_or(problem.title))
}
