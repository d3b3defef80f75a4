//! A plan in words: its shape, the digest of that, and one line for each scan.

use super::{JoinMethod, Named, Node, Operation, Plan, Scan, ScanMethod};

impl Plan {
    /// Node types, relations and indexes, nothing that moves with estimates:
    /// `sort(hash(seq public.orders, index public.customers by public.customers_pkey))`.
    pub fn shape(&self) -> String {
        let mut out = shape(&self.root);
        for subplan in &self.subplans {
            out.push_str("; ");
            out.push_str(&shape(subplan));
        }
        out
    }

    /// 64 bits of the shape (FNV-1a), 16 hexadecimal digits. Not secret, only short.
    pub fn digest(&self) -> String {
        let hash = self.shape().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("{hash:016x}")
    }

    /// One line for each scan, those of partitions that read alike as one.
    pub fn scan_lines(&self) -> Vec<String> {
        let mut lines: Vec<Line> = Vec::new();
        for (node, scan) in self.scans() {
            let what = words(scan);
            let removes_most = scan.removes_most(node.rows);
            match lines
                .iter_mut()
                .find(|line| line.what == what && line.removes_most == removes_most)
            {
                Some(line) if scan.is_partition() => {
                    line.partitions += 1;
                    line.rows += node.rows;
                    line.of = line.of.zip(scan.relation_rows).map(|(a, b)| a + b);
                }
                _ => lines.push(Line {
                    what,
                    rows: node.rows,
                    of: scan.relation_rows,
                    removes_most,
                    partitions: usize::from(scan.is_partition()),
                }),
            }
        }
        lines.into_iter().map(|line| line.text()).collect()
    }
}

struct Line {
    what: String,
    rows: f64,
    of: Option<f64>,
    removes_most: bool,
    partitions: usize,
}

impl Line {
    fn text(&self) -> String {
        let mut out = format!("{}: {:.0}", self.what, self.rows);
        if let Some(of) = self.of {
            out.push_str(&format!(" of {of:.0}"));
        }
        out.push_str(" rows");
        if self.partitions > 0 {
            out.push_str(&format!(", {} partitions", self.partitions));
        }
        if self.removes_most {
            out.push_str(", the filter removes most");
        }
        out
    }
}

impl Scan {
    fn is_partition(&self) -> bool {
        self.relation.as_ref().is_some_and(|relation| relation.name != relation.family)
    }
}

fn words(scan: &Scan) -> String {
    let mut out = method(scan.method).to_owned();
    let family = |named: &Option<Named>| named.as_ref().map(|named| named.family.clone());
    if let Some(relation) = family(&scan.relation) {
        out.push(' ');
        out.push_str(&relation);
    }
    if let Some(index) = family(&scan.index) {
        out.push_str(" by ");
        out.push_str(&index);
    }
    out
}

fn method(method: ScanMethod) -> &'static str {
    match method {
        ScanMethod::Seq => "seq",
        ScanMethod::Index => "index",
        ScanMethod::IndexOnly => "index only",
        ScanMethod::BitmapIndex => "bitmap index",
        ScanMethod::BitmapHeap => "bitmap heap",
        ScanMethod::Tid => "tid",
        ScanMethod::Sample => "sample",
        ScanMethod::Other(name) => name,
    }
}

fn shape(node: &Node) -> String {
    let mut name = match &node.operation {
        Operation::Scan(scan) => words(scan),
        Operation::Join(JoinMethod::NestedLoop) => "nested loop".to_owned(),
        Operation::Join(JoinMethod::Hash) => "hash join".to_owned(),
        Operation::Join(JoinMethod::Merge) => "merge join".to_owned(),
        Operation::Sort => "sort".to_owned(),
        Operation::Gather { .. } => "gather".to_owned(),
        Operation::Append => "append".to_owned(),
        Operation::Other(name) => (*name).to_owned(),
    };
    let mut below: Vec<String> = Vec::new();
    for child in node.children.iter().map(shape) {
        if node.operation != Operation::Append || !below.contains(&child) {
            below.push(child);
        }
    }
    if !below.is_empty() {
        name.push_str(&format!("({})", below.join(", ")));
    }
    name
}
