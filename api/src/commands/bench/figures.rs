//! Samples of closed loops, and the table they end in. Rates are medians over the rounds, times are percentiles over all.
use super::Bench;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// One scenario in one round.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub per_second: f64,
    /// How long each call took, microseconds.
    pub micros: Vec<u32>,
}

/// Runs `clients` loops for `time`: each asks, waits for the answer, asks again. `step` is told its client and its turn and
/// returns how many things it did.
pub async fn closed_loop<F, Answer>(clients: u64, time: Duration, step: F) -> anyhow::Result<Sample>
where
    F: Fn(u64, u64) -> Answer + Clone + Send + 'static,
    Answer: Future<Output = anyhow::Result<u64>> + Send,
{
    let began = Instant::now();
    let client = |client: u64| {
        let step = step.clone();
        tokio::spawn(async move {
            let (mut done, mut micros) = (0, Vec::new());
            for turn in 0.. {
                let asked = Instant::now();
                if asked - began >= time {
                    break;
                }
                done += step(client, turn).await?;
                micros.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            anyhow::Ok((done, micros))
        })
    };
    let loops: Vec<_> = (0..clients).map(client).collect();
    let (mut done, mut micros) = (0, Vec::new());
    for one in loops {
        let (some, times) = one.await??;
        done += some;
        micros.extend(times);
    }
    Ok(Sample { per_second: done as f64 / began.elapsed().as_secs_f64(), micros })
}

/// The table in the making.
pub struct Board {
    head: String,
    rows: Vec<Row>,
    notes: Vec<String>,
    only: String,
}

struct Row {
    scenario: &'static str,
    /// What its rate is divided by.
    yardstick: Option<&'static str>,
    samples: Vec<Sample>,
}

impl Board {
    /// For one run.
    pub fn new(asked: &Bench) -> Self {
        let Bench { db, rounds, seconds, scale, only, laid: _ } = asked;
        let db = eventstore::db::without_password(db);
        let head = format!("`liuzhuan bench --db {db} --rounds {rounds} --seconds {seconds} --scale {scale}`");
        let head =
            if only == super::PAGES { head.replace(&format!("--rounds {rounds}"), "--only pages") } else { head };
        Self { head, rows: Vec::new(), notes: Vec::new(), only: only.clone() }
    }

    /// The command that measured.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// Whether a scenario is to be measured.
    pub fn wants(&self, scenario: &str) -> bool {
        scenario.contains(&self.only)
    }

    /// Adds a round's sample of a scenario.
    pub fn add(&mut self, scenario: &'static str, yardstick: Option<&'static str>, sample: Sample) {
        match self.rows.iter_mut().find(|row| row.scenario == scenario) {
            Some(row) => row.samples.push(sample),
            None => self.rows.push(Row { scenario, yardstick, samples: vec![sample] }),
        }
    }

    /// A percentile of all calls of a scenario, milliseconds; `None` if none was timed.
    pub fn percentile_ms(&self, scenario: &str, percent: usize) -> Option<f64> {
        self.rows.iter().find(|row| row.scenario == scenario)?.percentile_ms(percent)
    }

    /// Adds a line below the table.
    pub fn note(&mut self, about: &str, text: impl std::fmt::Display) {
        self.notes.push(format!("- {about}: {text}"));
    }

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
        let mut text =
            format!("{}\n\n| scenario | a second | least … most | p50 ms | p99 ms | of its yardstick |\n", self.head);
        text.push_str("| --- | ---: | ---: | ---: | ---: | ---: |\n");
        let medians: BTreeMap<&str, f64> = self.rows.iter().map(|row| (row.scenario, row.median())).collect();
        for row in &self.rows {
            let share = row.yardstick.and_then(|yardstick| Some((yardstick, row.median() / medians.get(yardstick)?)));
            let share = share.map_or_else(String::new, |(of, share)| format!("{:.0} % of {of}", share * 100.0));
            let (low, high) = row.range();
            let [p50, p99] =
                [50, 99].map(|percent| row.percentile_ms(percent).map_or_else(String::new, |ms| format!("{ms:.2}")));
            let _infallible = writeln!(
                text,
                "| {} | {:.0} | {low:.0} … {high:.0} | {p50} | {p99} | {share} |",
                row.scenario,
                row.median()
            );
        }
        text.push('\n');
        text.push_str(&self.notes.join("\n"));
        text
    }
}

impl Row {
    fn rates(&self) -> Vec<f64> {
        let mut rates: Vec<f64> = self.samples.iter().map(|sample| sample.per_second).collect();
        rates.sort_by(f64::total_cmp);
        rates
    }

    fn median(&self) -> f64 {
        let rates = self.rates();
        rates.get(rates.len() / 2).copied().unwrap_or_default()
    }

    fn range(&self) -> (f64, f64) {
        let rates = self.rates();
        (rates.first().copied().unwrap_or_default(), rates.last().copied().unwrap_or_default())
    }

    /// A percentile of all calls, or nothing if none was timed by itself.
    fn percentile_ms(&self, percent: usize) -> Option<f64> {
        percentile_ms(self.samples.iter().flat_map(|sample| sample.micros.iter().copied()).collect(), percent)
    }
}

/// A percentile of some times, milliseconds, or nothing if there are none.
pub fn percentile_ms(mut micros: Vec<u32>, percent: usize) -> Option<f64> {
    micros.sort_unstable();
    let at = (micros.len() * percent / 100).min(micros.len().checked_sub(1)?);
    Some(f64::from(micros[at]) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_the_median_of_the_rounds_and_a_share_of_its_yardstick() {
        let sample = |per_second, micros: &[u32]| Sample { per_second, micros: micros.to_vec() };
        let asked =
            Bench { db: "sqlite".to_owned(), rounds: 3, seconds: 1.0, scale: 0, only: String::new(), laid: false };
        let mut board = Board::new(&asked);
        for rate in [90.0, 100.0, 500.0] {
            board.add("by hand", None, sample(rate, &[1000]));
            board.add("the log", Some("by hand"), sample(rate / 2.0, &[2000, 4000]));
        }
        let table = board.markdown();
        assert!(table.contains("| by hand | 100 | 90 … 500 | 1.00 | 1.00 |  |"), "{table}");
        assert!(table.contains("| the log | 50 | 45 … 250 | 4.00 | 4.00 | 50 % of by hand |"), "{table}");
    }
}
