//! Repeated measurements of one quantity, and their statistics.

/// Measurements in the order of the rounds they were taken in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Samples(Vec<f64>);

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        Self(samples.into_iter().collect())
    }
}

impl Samples {
    pub fn add(&mut self, sample: f64) {
        self.0.push(sample);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn min(&self) -> f64 {
        self.quantile(0.0)
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    /// First and third quartile: half of the samples lie between them.
    pub fn quartiles(&self) -> (f64, f64) {
        (self.quantile(0.25), self.quantile(0.75))
    }

    /// Differences to `baseline`, round by round. A disturbance that lasts for a
    /// whole round slows both down and cancels out.
    pub fn above(&self, baseline: &Self) -> Self {
        self.0.iter().zip(&baseline.0).map(|(own, baseline)| own - baseline).collect()
    }

    /// Sample at the nearest rank; NaN if there are no samples.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank among a few samples"
    )]
    fn quantile(&self, fraction: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let last = sorted.len().saturating_sub(1) as f64;
        sorted.get((last * fraction).round() as usize).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "quantiles are samples, not computed")]
mod tests {
    use super::*;

    fn samples<const N: usize>(samples: [f64; N]) -> Samples {
        samples.into_iter().collect()
    }

    #[test]
    fn quantiles_do_not_depend_on_the_order() {
        let samples = samples([5.0, 1.0, 4.0, 2.0, 3.0]);
        assert_eq!(samples.min(), 1.0);
        assert_eq!(samples.median(), 3.0);
        assert_eq!(samples.max(), 5.0);
        assert_eq!(samples.quartiles(), (2.0, 4.0));
    }

    #[test]
    fn an_outlier_does_not_move_the_median() {
        assert_eq!(samples([1.0, 1000.0, 2.0]).median(), 2.0);
    }

    #[test]
    fn an_even_number_of_samples_has_the_upper_of_the_middle_two_as_median() {
        assert_eq!(samples([1.0, 2.0, 3.0, 4.0]).median(), 3.0);
    }

    #[test]
    fn one_sample_is_every_quantile() {
        let samples = samples([7.0]);
        assert_eq!((samples.min(), samples.median(), samples.max()), (7.0, 7.0, 7.0));
        assert_eq!(samples.quartiles(), (7.0, 7.0));
    }

    #[test]
    fn no_samples_have_no_median() {
        assert!(Samples::default().median().is_nan());
    }

    #[test]
    fn differences_are_taken_within_a_round() {
        // Round 2 was slow for both.
        let own = samples([12.0, 62.0, 13.0]);
        let baseline = samples([10.0, 60.0, 10.0]);
        assert_eq!(own.above(&baseline), samples([2.0, 2.0, 3.0]));
        assert_eq!(own.above(&baseline).median(), 2.0);
        assert!(own.above(&Samples::default()).is_empty());
    }
}
