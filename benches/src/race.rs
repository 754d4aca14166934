//! Two ways of doing one thing, measured in turn.
//!
//! Other work on the machine disturbs both alike, so the ratio of a round is steadier than either
//! of its times; the ratio of the run is the median of those of the rounds.

use std::time::{Duration, Instant};

/// What is measured: a name, and one run of it.
pub struct Case<'a> {
    /// Whose it is.
    pub name: &'a str,
    /// One run; its result is dropped inside of the measurement.
    pub run: &'a mut dyn FnMut(),
}

impl std::fmt::Debug for Case<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Case")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How many rounds there are.
const ROUNDS: usize = 201;
/// How long one measurement takes at least, so that the clock does not matter.
const LEAST: Duration = Duration::from_micros(100);

/// The rows of the table.
#[derive(Debug, Default)]
pub struct Table(Vec<String>);

impl Table {
    /// Measures, and adds a row. `goal` is how many times as fast as the peer it shall be.
    pub fn race(&mut self, what: &str, goal: f64, mut ours: Case<'_>, mut peer: Case<'_>) {
        let counts = [repeat(&mut ours), repeat(&mut peer)];
        let mut times = [Vec::new(), Vec::new()];
        let mut ratios = Vec::new();
        for _ in 0..ROUNDS {
            let mine = measure(&mut ours, counts[0]);
            let theirs = measure(&mut peer, counts[1]);
            times[0].push(mine);
            times[1].push(theirs);
            ratios.push(theirs / mine);
        }
        let [mine, theirs] = times.map(median);
        let ratio = median(ratios);
        let verdict = if ratio >= goal { "yes" } else { "no" };
        self.0.push(format!(
            "| {what} | {mine:.1} | {} | {theirs:.1} | {ratio:.2} | {goal} | {verdict} |",
            peer.name
        ));
    }

    /// Measures what has no peer, and adds a row. `goal` is in microseconds.
    pub fn alone(&mut self, what: &str, goal: f64, mut ours: Case<'_>) {
        let count = repeat(&mut ours);
        let time = median((0..ROUNDS).map(|_| measure(&mut ours, count)).collect());
        let verdict = if time <= goal { "yes" } else { "no" };
        self.0.push(format!(
            "| {what} | {time:.1} | – | – | – | ≤ {goal} µs | {verdict} |"
        ));
    }

    /// Prints the table.
    pub fn print(&self) {
        eprintln!("| what | µs | peer | µs | times as fast | goal | reached |");
        eprintln!("|---|---|---|---|---|---|---|");
        self.0.iter().for_each(|row| eprintln!("{row}"));
    }
}

/// How many runs one measurement has.
fn repeat(case: &mut Case<'_>) -> u32 {
    let mut count = 1;
    while microseconds(case, count) < LEAST.as_secs_f64() * 1e6 && count < 1 << 20 {
        count *= 2;
    }
    count
}

fn measure(case: &mut Case<'_>, count: u32) -> f64 {
    microseconds(case, count) / f64::from(count)
}

fn microseconds(case: &mut Case<'_>, count: u32) -> f64 {
    let start = Instant::now();
    (0..count).for_each(|_| (case.run)());
    start.elapsed().as_secs_f64() * 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_says_how_many_times_as_fast_it_is() {
        let work = |count: u64| {
            std::hint::black_box((0..count).fold(0, |sum: u64, n| sum ^ std::hint::black_box(n)));
        };
        let mut table = Table::default();
        let (mut short, mut long) = (|| work(2_000), || work(40_000));
        table.race(
            "twenty times the work",
            5.0,
            Case {
                name: "short",
                run: &mut short,
            },
            Case {
                name: "long",
                run: &mut long,
            },
        );
        assert!(table.0[0].ends_with("| 5 | yes |"), "{}", table.0[0]);
    }
}
