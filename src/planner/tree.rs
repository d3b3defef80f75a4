//! The server's plan tree as core's structs.
#![expect(unsafe_code, reason = "plan trees have no safe interface in pgrx")]

use optimizer_core::plan::{JoinMethod, Named, Node, Operation, Plan, Scan, ScanMethod};
use pgrx::pg_sys::NodeTag;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;
use pgrx::{PgList, pg_sys};

use crate::planner::relations::{qualified_name, with_class};

mod server {
    use pgrx::pg_sys::Oid;

    unsafe extern "C-unwind" {
        pub unsafe fn get_partition_parent(child: Oid, even_if_detached: bool) -> Oid;
    }
}

/// A finished plan, copied out of the server's memory.
///
/// # Safety
/// Inside `sandbox::run_as`; `planned` is valid.
pub unsafe fn plan(planned: *mut pg_sys::PlannedStmt) -> Plan {
    // SAFETY: as the server builds it: a tree of plans over one range table; subplans may hold nulls.
    unsafe {
        let entries = PgList::<pg_sys::RangeTblEntry>::from_pg((*planned).rtable);
        let subplans = PgList::<pg_sys::Plan>::from_pg((*planned).subplans);
        Plan {
            root: node((*planned).planTree, &entries),
            subplans: subplans
                .iter_ptr()
                .filter(|subplan| !subplan.is_null())
                .map(|subplan| node(subplan, &entries))
                .collect(),
            jit: (*planned).jitFlags & pg_sys::PGJIT_PERFORM as i32 != 0,
        }
    }
}

type Entries = PgList<pg_sys::RangeTblEntry>;

unsafe fn node(plan: *mut pg_sys::Plan, entries: &Entries) -> Node {
    // SAFETY: a plan's tag says what it is; each kind has its children where the server's own walker looks for them.
    unsafe {
        pg_sys::check_stack_depth();
        let mut below: Vec<*mut pg_sys::Plan> =
            [(*plan).lefttree, (*plan).righttree].into_iter().filter(|p| !p.is_null()).collect();
        below.extend(children(plan));
        Node {
            operation: operation(plan, entries),
            startup_cost: (*plan).startup_cost,
            total_cost: (*plan).total_cost,
            rows: (*plan).plan_rows,
            children: below.into_iter().map(|child| node(child, entries)).collect(),
        }
    }
}

/// Children beyond the left and the right one.
unsafe fn children(plan: *mut pg_sys::Plan) -> Vec<*mut pg_sys::Plan> {
    // SAFETY: as above.
    unsafe {
        let list = match (*plan).type_ {
            NodeTag::T_Append => (*plan.cast::<pg_sys::Append>()).appendplans,
            NodeTag::T_MergeAppend => (*plan.cast::<pg_sys::MergeAppend>()).mergeplans,
            NodeTag::T_BitmapAnd => (*plan.cast::<pg_sys::BitmapAnd>()).bitmapplans,
            NodeTag::T_BitmapOr => (*plan.cast::<pg_sys::BitmapOr>()).bitmapplans,
            NodeTag::T_CustomScan => (*plan.cast::<pg_sys::CustomScan>()).custom_plans,
            NodeTag::T_SubqueryScan => {
                return vec![(*plan.cast::<pg_sys::SubqueryScan>()).subplan];
            }
            _ => return Vec::new(),
        };
        PgList::<pg_sys::Plan>::from_pg(list).iter_ptr().collect()
    }
}

unsafe fn operation(plan: *mut pg_sys::Plan, entries: &Entries) -> Operation {
    let scan = |method, index| {
        // SAFETY: all of these begin with a Scan.
        unsafe { Operation::Scan(scan(plan.cast(), method, index, entries)) }
    };
    let workers = |count: i32| Operation::Gather { workers: u32::try_from(count).unwrap_or(0) };
    // SAFETY: a plan's tag says what it is.
    unsafe {
        match (*plan).type_ {
            NodeTag::T_SeqScan => scan(ScanMethod::Seq, None),
            NodeTag::T_SampleScan => scan(ScanMethod::Sample, None),
            NodeTag::T_IndexScan => {
                let index = plan.cast::<pg_sys::IndexScan>();
                let mut found = scan(ScanMethod::Index, Some((*index).indexid));
                if let Operation::Scan(scan) = &mut found {
                    scan.is_whole_index = (*index).indexqual.is_null();
                }
                found
            }
            NodeTag::T_IndexOnlyScan => {
                let index = plan.cast::<pg_sys::IndexOnlyScan>();
                let mut found = scan(ScanMethod::IndexOnly, Some((*index).indexid));
                if let Operation::Scan(scan) = &mut found {
                    scan.is_whole_index = (*index).indexqual.is_null();
                }
                found
            }
            NodeTag::T_BitmapIndexScan => {
                let index = (*plan.cast::<pg_sys::BitmapIndexScan>()).indexid;
                scan(ScanMethod::BitmapIndex, Some(index))
            }
            NodeTag::T_BitmapHeapScan => scan(ScanMethod::BitmapHeap, None),
            NodeTag::T_TidScan | NodeTag::T_TidRangeScan => scan(ScanMethod::Tid, None),
            NodeTag::T_FunctionScan => scan(ScanMethod::Other("function"), None),
            NodeTag::T_TableFuncScan => scan(ScanMethod::Other("table function"), None),
            NodeTag::T_ValuesScan => scan(ScanMethod::Other("values"), None),
            NodeTag::T_CteScan => scan(ScanMethod::Other("cte"), None),
            NodeTag::T_WorkTableScan => scan(ScanMethod::Other("work table"), None),
            NodeTag::T_NamedTuplestoreScan => scan(ScanMethod::Other("tuplestore"), None),
            NodeTag::T_ForeignScan => scan(ScanMethod::Other("foreign"), None),
            NodeTag::T_CustomScan => scan(ScanMethod::Other("custom"), None),
            NodeTag::T_NestLoop => Operation::Join(JoinMethod::NestedLoop),
            NodeTag::T_HashJoin => Operation::Join(JoinMethod::Hash),
            NodeTag::T_MergeJoin => Operation::Join(JoinMethod::Merge),
            NodeTag::T_Sort | NodeTag::T_IncrementalSort => Operation::Sort,
            NodeTag::T_Gather => workers((*plan.cast::<pg_sys::Gather>()).num_workers),
            NodeTag::T_GatherMerge => workers((*plan.cast::<pg_sys::GatherMerge>()).num_workers),
            NodeTag::T_Append | NodeTag::T_MergeAppend => Operation::Append,
            NodeTag::T_ModifyTable => {
                Operation::Other(match (*plan.cast::<pg_sys::ModifyTable>()).operation {
                    pg_sys::CmdType::CMD_INSERT => "insert",
                    pg_sys::CmdType::CMD_UPDATE => "update",
                    pg_sys::CmdType::CMD_DELETE => "delete",
                    _ => "merge",
                })
            }
            other => Operation::Other(name(other)),
        }
    }
}

/// As EXPLAIN calls them.
fn name(tag: NodeTag) -> &'static str {
    match tag {
        NodeTag::T_Result => "result",
        NodeTag::T_ProjectSet => "project set",
        NodeTag::T_RecursiveUnion => "recursive union",
        NodeTag::T_BitmapAnd => "bitmap and",
        NodeTag::T_BitmapOr => "bitmap or",
        NodeTag::T_SubqueryScan => "subquery",
        NodeTag::T_Material => "materialize",
        NodeTag::T_Memoize => "memoize",
        NodeTag::T_Group => "group",
        NodeTag::T_Agg => "aggregate",
        NodeTag::T_WindowAgg => "window",
        NodeTag::T_Unique => "unique",
        NodeTag::T_Hash => "hash",
        NodeTag::T_SetOp => "set operation",
        NodeTag::T_LockRows => "lock rows",
        NodeTag::T_Limit => "limit",
        _ => "other",
    }
}

unsafe fn scan(
    scan: *mut pg_sys::SeqScan,
    method: ScanMethod,
    index: Option<pg_sys::Oid>,
    entries: &Entries,
) -> Scan {
    // SAFETY: a scan of one entry of the range table, 0 for a join that was pushed down.
    unsafe {
        let place = usize::try_from((*scan).scan.scanrelid).ok().and_then(|at| at.checked_sub(1));
        let relation = place
            .and_then(|at| entries.get_ptr(at))
            .filter(|entry| (**entry).rtekind == pg_sys::RTEKind::RTE_RELATION)
            .map(|entry| (*entry).relid);
        let rows = relation
            .and_then(|relation| with_class(relation, |form| f64::from((*form).reltuples)))
            .filter(|rows| *rows >= 0.0);
        Scan {
            method,
            relation: relation.map(|relation| named(relation)),
            index: index.map(|index| named(index)),
            relation_rows: rows,
            filtered: !(*scan).scan.plan.qual.is_null(),
            is_whole_index: false,
        }
    }
}

unsafe fn named(oid: pg_sys::Oid) -> Named {
    // SAFETY: reads the catalog.
    unsafe {
        let mut root = oid;
        while pg_sys::get_rel_relispartition(root) {
            // One that is being detached has a parent still.
            match pg_guard_ffi_boundary(|| server::get_partition_parent(root, true)) {
                parent if parent == pg_sys::InvalidOid => break,
                parent => root = parent,
            }
        }
        let name = qualified_name(oid);
        let family = if root == oid { name.clone() } else { qualified_name(root) };
        Named { oid: oid.to_u32(), name, family }
    }
}
