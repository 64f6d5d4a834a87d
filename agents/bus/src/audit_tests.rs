use super::*;

fn entries() -> Vec<Entry> {
    let mut heads: BTreeMap<&str, String> = BTreeMap::new();
    let chains = ["shop", "blog", "shop", "shop", "blog", "wiki"];
    let mut entries = Vec::new();
    for (index, chain) in chains.into_iter().enumerate() {
        let mut entry = Entry {
            seq: index as i64 + 1,
            at: Timestamp(1000),
            chain: chain.to_owned(),
            actor: "user:alice".to_owned(),
            act: format!("act {index}"),
            reason: "asked".to_owned(),
            cause: "cause".to_owned(),
            run: Some(RunId(7)),
            previous: heads.get(chain).cloned().unwrap_or_default(),
            hash: String::new(),
        };
        entry.hash = entry.expected_hash();
        heads.insert(chain, entry.hash.clone());
        entries.push(entry);
    }
    entries
}

/// What the file would claim of these acts.
fn claims(entries: &[Entry]) -> (Vec<Head>, Whole) {
    let mut heads: BTreeMap<String, Head> = BTreeMap::new();
    let mut whole = Whole::default();
    for entry in entries {
        let acts = heads.get(&entry.chain).map_or(0, |head| head.acts) + 1;
        let (chain, hash) = (entry.chain.clone(), entry.hash.clone());
        heads.insert(chain.clone(), Head { chain, seq: entry.seq, acts, hash });
        whole.acts += 1;
        whole.hash = whole_hash(&whole.hash, &entry.hash);
    }
    whole.chains = heads.len() as u64;
    (heads.into_values().collect(), whole)
}

fn walk(entries: &[Entry], heads: &[Head], whole: &Whole) -> Verified {
    let mut walk = Walk::default();
    for entry in entries {
        walk.see(entry);
    }
    walk.finish(heads, whole)
}

/// Changes the acts and says where the walk then finds the break.
fn broken_by(change: impl FnOnce(&mut Vec<Entry>)) -> (i64, String) {
    let mut acts = entries();
    let (heads, whole) = claims(&acts);
    change(&mut acts);
    let broken = walk(&acts, &heads, &whole).broken.expect("the change is found");
    (broken.seq, broken.chain)
}

fn at(seq: i64, chain: &str) -> (i64, String) {
    (seq, chain.to_owned())
}

#[test]
fn an_untouched_audit_holds() {
    let acts = entries();
    let (heads, whole) = claims(&acts);
    assert_eq!(walk(&acts, &heads, &whole), Verified { acts: 6, chains: 3, broken: None });
    assert_eq!(walk(&[], &[], &Whole::default()), Verified { acts: 0, chains: 0, broken: None });
}

#[test]
fn every_changed_field_is_found_where_it_was_changed() {
    let changes: [fn(&mut Entry); 8] = [
        |act| act.at = Timestamp(1001),
        |act| act.actor = "user:mallory".to_owned(),
        |act| act.act = "nothing".to_owned(),
        |act| act.reason.push('!'),
        |act| act.cause.clear(),
        |act| act.run = None,
        |act| act.previous = "0".repeat(64),
        |act| act.hash = "0".repeat(64),
    ];
    for change in changes {
        assert_eq!(broken_by(|acts| change(&mut acts[3])), at(4, "shop"));
    }
}

#[test]
fn text_that_moves_from_one_field_to_the_next_is_a_change() {
    let moved = broken_by(|acts| {
        acts[0].actor = "user:alic".to_owned();
        acts[0].act = "eact 0".to_owned();
    });
    assert_eq!(moved, at(1, "shop"));
}

#[test]
fn an_act_that_is_missing_is_named_with_its_chain() {
    assert_eq!(broken_by(|acts| drop(acts.remove(0))), at(1, "shop"), "the first");
    assert_eq!(broken_by(|acts| drop(acts.remove(2))), at(3, "shop"), "one in the middle");
    assert_eq!(broken_by(|acts| drop(acts.remove(4))), at(5, "blog"), "the last of its chain");
    assert_eq!(broken_by(|acts| drop(acts.pop())), at(6, "wiki"), "the last of all");
    assert_eq!(broken_by(Vec::clear), at(5, "blog"), "all, as long as a head is left");
}

#[test]
fn two_acts_that_changed_places_are_found() {
    let swapped = broken_by(|acts| {
        acts.swap(0, 2);
        (acts[0].seq, acts[2].seq) = (1, 3);
    });
    assert_eq!(swapped, at(1, "shop"));
}

#[test]
fn a_chain_that_is_gone_with_its_head_is_missed() {
    for (chain, seq) in [("blog", 2), ("wiki", 6)] {
        let mut acts = entries();
        let (mut heads, whole) = claims(&acts);
        acts.retain(|act| act.chain != chain);
        heads.retain(|head| head.chain != chain);
        let broken = walk(&acts, &heads, &whole).broken.expect("a whole chain is missed");
        assert_eq!(broken.seq, seq, "{broken:?}");
    }
}

#[test]
fn a_head_that_is_gone_or_changed_is_found() {
    let acts = entries();
    let (heads, whole) = claims(&acts);
    let broken = walk(&acts, &heads[1..], &whole).broken.expect("a head is missed");
    assert_eq!((broken.seq, broken.chain.as_str()), (5, "blog"));
    let mut changed = heads.clone();
    changed[1].acts = 9;
    let broken = walk(&acts, &changed, &whole).broken.expect("a changed head is found");
    assert_eq!((broken.seq, broken.chain.as_str()), (4, "shop"));
}

#[test]
fn an_audit_that_was_rewritten_consistently_but_for_the_whole_is_found() {
    let acts = entries();
    let (_, whole) = claims(&acts);
    let mut other = acts.clone();
    other[5].actor = "user:mallory".to_owned();
    other[5].hash = other[5].expected_hash();
    let (heads, _) = claims(&other);
    assert!(walk(&other, &heads, &whole).broken.is_some());
}
