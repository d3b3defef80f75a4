//! Random numbers that are the same everywhere: SplitMix64 (Steele, Lea and Flood 2014) for the bits,
//! Box and Muller for normal ones.

pub struct Random {
    state: u64,
    spare: Option<f64>,
}

impl Random {
    pub fn new(seed: u64) -> Random {
        let mut random = Random { state: seed.wrapping_mul(0xD134_2543_DE82_EF95), spare: None };
        random.bits();
        random
    }

    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Between 0 and 1, neither included.
    pub fn uniform(&mut self) -> f64 {
        ((self.bits() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform()
    }

    /// 0 to `end` - 1.
    pub fn below(&mut self, end: usize) -> usize {
        (self.uniform() * end as f64) as usize
    }

    pub fn happens(&mut self, probability: f64) -> bool {
        self.uniform() < probability
    }

    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let angle = std::f64::consts::TAU * self.uniform();
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// A Poisson number: by multiplication (Knuth) for small means, else a rounded normal one.
    pub fn poisson(&mut self, mean: f64) -> i64 {
        if mean > 40.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as i64;
        }
        let limit = (-mean).exp();
        let (mut count, mut product) = (0, self.uniform());
        while product > limit {
            count += 1;
            product *= self.uniform();
        }
        count
    }

    /// `length` values of a stationary AR(1) process with standard deviation `sd`.
    pub fn autoregressive(&mut self, length: usize, sd: f64, correlation: f64) -> Vec<f64> {
        let innovation = sd * (1.0 - correlation * correlation).sqrt();
        let mut value = sd * self.normal();
        (0..length)
            .map(|_| {
                let current = value;
                value = correlation * value + innovation * self.normal();
                current
            })
            .collect()
    }
}
