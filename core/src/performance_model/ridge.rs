//! Weighted ridge regression (Hoerl and Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems", 1970).
//!
//! Columns are centred and scaled, the intercept is not penalised, and the penalty is the one with the least leave-one-out error, which ridge gives in
//! closed form (PRESS: Allen, 1974). Columns that never vary get a coefficient of 0.

/// Penalties tried, in observations of one standard deviation.
const PENALTIES: [f64; 8] = [0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

/// A column whose standard deviation is below this share of its mean does not vary.
const LEAST_SPREAD: f64 = 1e-9;

#[derive(Debug, Clone, PartialEq)]
pub struct Ridge {
    pub intercept: f64,
    pub coefficients: Vec<f64>,
    pub penalty: f64,
}

impl Ridge {
    /// Fits `actual` to `rows`; `weights` have a mean of 1.
    pub fn fit(rows: &[Vec<f64>], actual: &[f64], weights: &[f64]) -> Ridge {
        let scaled = Scaled::new(rows, actual, weights);
        let best = PENALTIES
            .into_iter()
            .filter_map(|penalty| scaled.solve(penalty).map(|(beta, press)| (penalty, beta, press)))
            .min_by(|one, other| one.2.total_cmp(&other.2));
        match best {
            Some((penalty, beta, _)) => scaled.unscaled(penalty, &beta),
            None => Ridge {
                intercept: scaled.mean_actual,
                coefficients: vec![0.0; scaled.means.len()],
                penalty: f64::MAX,
            },
        }
    }

    pub fn predict(&self, row: &[f64]) -> f64 {
        self.intercept + row.iter().zip(&self.coefficients).map(|(x, b)| x * b).sum::<f64>()
    }
}

struct Scaled<'a> {
    rows: Vec<Vec<f64>>,
    residuals: Vec<f64>,
    weights: &'a [f64],
    means: Vec<f64>,
    spreads: Vec<f64>,
    mean_actual: f64,
}

impl<'a> Scaled<'a> {
    fn new(rows: &[Vec<f64>], actual: &[f64], weights: &'a [f64]) -> Scaled<'a> {
        let total: f64 = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let columns = rows.first().map_or(0, Vec::len);
        let mean = |value: &dyn Fn(usize) -> f64| {
            weights.iter().enumerate().map(|(place, weight)| weight * value(place)).sum::<f64>()
                / total
        };
        let means: Vec<f64> = (0..columns).map(|column| mean(&|row| rows[row][column])).collect();
        let spreads: Vec<f64> = (0..columns)
            .map(|column| {
                let spread = mean(&|row| (rows[row][column] - means[column]).powi(2)).sqrt();
                if spread > LEAST_SPREAD * means[column].abs().max(1.0) { spread } else { 0.0 }
            })
            .collect();
        let mean_actual = mean(&|row| actual[row]);
        let scale = |row: &Vec<f64>| {
            row.iter()
                .zip(means.iter().zip(&spreads))
                .map(|(x, (mean, spread))| if *spread > 0.0 { (x - mean) / spread } else { 0.0 })
                .collect()
        };
        Scaled {
            rows: rows.iter().map(scale).collect(),
            residuals: actual.iter().map(|y| y - mean_actual).collect(),
            weights,
            means,
            spreads,
            mean_actual,
        }
    }

    /// Coefficients of the scaled columns, and the weighted leave-one-out error.
    fn solve(&self, penalty: f64) -> Option<(Vec<f64>, f64)> {
        let columns = self.means.len();
        let mut gram = vec![vec![0.0; columns]; columns];
        let mut right = vec![0.0; columns];
        for ((row, y), weight) in self.rows.iter().zip(&self.residuals).zip(self.weights) {
            for i in 0..columns {
                right[i] += weight * row[i] * y;
                for j in 0..=i {
                    gram[i][j] += weight * row[i] * row[j];
                }
            }
        }
        for (i, row) in gram.iter_mut().enumerate() {
            row[i] += penalty;
        }
        let factor = cholesky(gram)?;
        let beta = back_substitute(&factor, forward_substitute(&factor, &right));
        let total: f64 = self.weights.iter().sum();
        let press =
            self.rows.iter().zip(&self.residuals).zip(self.weights).map(|((row, y), weight)| {
                let said: f64 = row.iter().zip(&beta).map(|(x, b)| x * b).sum();
                let solved = forward_substitute(&factor, row);
                let leverage = weight * (1.0 / total + solved.iter().map(|z| z * z).sum::<f64>());
                weight * ((y - said) / (1.0 - leverage).max(1e-6)).powi(2)
            });
        let press: f64 = press.sum();
        (press.is_finite() && beta.iter().all(|b| b.is_finite())).then_some((beta, press))
    }

    fn unscaled(&self, penalty: f64, beta: &[f64]) -> Ridge {
        let coefficients: Vec<f64> = beta
            .iter()
            .zip(&self.spreads)
            .map(|(b, spread)| if *spread > 0.0 { b / spread } else { 0.0 })
            .collect();
        let shift: f64 = coefficients.iter().zip(&self.means).map(|(b, mean)| b * mean).sum();
        Ridge { intercept: self.mean_actual - shift, coefficients, penalty }
    }
}

/// Lower triangle L with L L' = `matrix`, of which only the lower triangle is read; `None` when it is not positive definite.
fn cholesky(mut matrix: Vec<Vec<f64>>) -> Option<Vec<Vec<f64>>> {
    for i in 0..matrix.len() {
        for j in 0..=i {
            let sum: f64 = (0..j).map(|k| matrix[i][k] * matrix[j][k]).sum();
            let value = matrix[i][j] - sum;
            if i == j {
                if value.is_nan() || value <= 0.0 {
                    return None;
                }
                matrix[i][i] = value.sqrt();
            } else {
                matrix[i][j] = value / matrix[j][j];
            }
        }
    }
    Some(matrix)
}

fn forward_substitute(factor: &[Vec<f64>], right: &[f64]) -> Vec<f64> {
    let mut solved = Vec::with_capacity(right.len());
    for (i, row) in factor.iter().enumerate() {
        let sum: f64 = solved.iter().zip(row).map(|(z, l): (&f64, &f64)| z * l).sum();
        solved.push((right[i] - sum) / row[i]);
    }
    solved
}

fn back_substitute(factor: &[Vec<f64>], mut right: Vec<f64>) -> Vec<f64> {
    for i in (0..factor.len()).rev() {
        let sum: f64 = (i + 1..factor.len()).map(|k| factor[k][i] * right[k]).sum();
        right[i] = (right[i] - sum) / factor[i][i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_straight_line_is_found() {
        let rows: Vec<Vec<f64>> = (0..200).map(|i| vec![f64::from(i), f64::from(i % 7)]).collect();
        let actual: Vec<f64> = rows.iter().map(|row| 3.0 + 0.5 * row[0] - 2.0 * row[1]).collect();
        let ridge = Ridge::fit(&rows, &actual, &[1.0; 200]);
        assert!((ridge.coefficients[0] - 0.5).abs() < 0.01, "{ridge:?}");
        assert!((ridge.coefficients[1] + 2.0).abs() < 0.05, "{ridge:?}");
        assert!((ridge.predict(&[10.0, 1.0]) - 6.0).abs() < 0.5);
    }

    #[test]
    fn columns_that_never_vary_or_repeat_do_no_harm() {
        let rows: Vec<Vec<f64>> =
            (0..40).map(|i| vec![1.0, f64::from(i), f64::from(i), 0.0]).collect();
        let actual: Vec<f64> = rows.iter().map(|row| row[1]).collect();
        let ridge = Ridge::fit(&rows, &actual, &[1.0; 40]);
        assert_eq!((ridge.coefficients[0], ridge.coefficients[3]), (0.0, 0.0));
        assert!((ridge.predict(&[1.0, 20.0, 20.0, 0.0]) - 20.0).abs() < 0.2, "{ridge:?}");
    }

    #[test]
    fn a_weight_is_a_repetition() {
        let row = |x: i32| vec![f64::from(x)];
        let (rows, actual): (Vec<_>, Vec<_>) =
            (0..30).map(|x| (row(x), f64::from(x * x % 11))).unzip();
        let twice: Vec<Vec<f64>> = rows.iter().chain(&rows[..10]).cloned().collect();
        let twice_actual: Vec<f64> = actual.iter().chain(&actual[..10]).copied().collect();
        let mut weights = vec![1.0; 30];
        weights[..10].fill(2.0);
        let weighted = Scaled::new(&rows, &actual, &weights).solve(1.0).unwrap().0;
        let repeated = Scaled::new(&twice, &twice_actual, &[1.0; 40]).solve(1.0).unwrap().0;
        assert!((weighted[0] - repeated[0]).abs() < 1e-9);
    }

    #[test]
    fn the_closed_form_of_leaving_one_out_is_that_of_doing_it() {
        let rows: Vec<Vec<f64>> =
            (0..25).map(|i| vec![f64::from(i), f64::from(i * i % 13)]).collect();
        let actual: Vec<f64> = (0..25).map(|i| f64::from(i * 7 % 17)).collect();
        // With means and scales held, as PRESS holds them for columns already centred.
        let scaled = Scaled::new(&rows, &actual, &[1.0; 25]);
        let (_, press) = scaled.solve(5.0).unwrap();
        let mut by_hand = 0.0;
        for out in 0..25 {
            // Leaving out means: weight 0, and an unpenalised intercept fitted anew.
            let mut design: Vec<Vec<f64>> = vec![vec![0.0; 3]; 3];
            let mut right = vec![0.0; 3];
            for place in (0..25).filter(|place| *place != out) {
                let row = [1.0, scaled.rows[place][0], scaled.rows[place][1]];
                for i in 0..3 {
                    right[i] += row[i] * scaled.residuals[place];
                    for j in 0..3 {
                        design[i][j] += row[i] * row[j];
                    }
                }
            }
            design[1][1] += 5.0;
            design[2][2] += 5.0;
            let factor = cholesky(design).unwrap();
            let beta = back_substitute(&factor, forward_substitute(&factor, &right));
            let said = beta[0] + beta[1] * scaled.rows[out][0] + beta[2] * scaled.rows[out][1];
            by_hand += (scaled.residuals[out] - said).powi(2);
        }
        assert!((press / by_hand - 1.0).abs() < 1e-9, "{press} {by_hand}");
    }
}
