//! Dependencies and order: a thin layer over petgraph that never recurses and names the members of a cycle.

use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

/// The nodes in an order in which each comes after what it needs; among the possible orders the one closest to the
/// given.
///
/// `needs[i]` holds the positions of what node `i` needs; positions out of range are ignored.
///
/// # Errors
/// The members of every cycle, each cycle in the order of its nodes.
pub fn order(needs: &[Vec<usize>]) -> Result<Vec<usize>, Vec<Vec<usize>>> {
    let mut waiting: Vec<usize> = vec![0; needs.len()];
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (node, needed) in needs.iter().enumerate() {
        for &need in needed.iter().filter(|need| **need < needs.len()) {
            waiting[node] += 1;
            dependents[need].push(node);
        }
    }
    // A heap of the ready nodes keeps the order written wherever it may be kept.
    let mut ready: std::collections::BinaryHeap<std::cmp::Reverse<usize>> =
        (0..needs.len()).filter(|node| waiting[*node] == 0).map(std::cmp::Reverse).collect();
    let mut ordered = Vec::with_capacity(needs.len());
    while let Some(std::cmp::Reverse(node)) = ready.pop() {
        ordered.push(node);
        for &dependent in &dependents[node] {
            waiting[dependent] -= 1;
            if waiting[dependent] == 0 {
                ready.push(std::cmp::Reverse(dependent));
            }
        }
    }
    if ordered.len() == needs.len() { Ok(ordered) } else { Err(cycles(needs)) }
}

fn cycles(needs: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut graph = DiGraph::<(), ()>::with_capacity(needs.len(), needs.len());
    for _ in needs {
        graph.add_node(());
    }
    for (node, needed) in needs.iter().enumerate() {
        for &need in needed.iter().filter(|need| **need < needs.len()) {
            graph.add_edge(NodeIndex::new(need), NodeIndex::new(node), ());
        }
    }
    debug_assert!(toposort(&graph, None).is_err(), "only called where there is a cycle");
    let mut found: Vec<Vec<usize>> = kosaraju_scc(&graph)
        .into_iter()
        .filter(|members| members.len() > 1 || members.first().is_some_and(|n| graph.contains_edge(*n, *n)))
        .map(|members| {
            let mut members: Vec<usize> = members.into_iter().map(NodeIndex::index).collect();
            members.sort_unstable();
            members
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_written_is_kept_where_it_may_be() {
        assert_eq!(order(&[vec![], vec![], vec![1]]), Ok(vec![0, 1, 2]));
        assert_eq!(order(&[vec![2], vec![], vec![]]), Ok(vec![1, 2, 0]));
    }

    #[test]
    fn a_cycle_is_told_with_its_members_only() {
        assert_eq!(order(&[vec![1], vec![0], vec![1], vec![3]]), Err(vec![vec![0, 1], vec![3]]));
    }
}
