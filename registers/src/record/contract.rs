//! What the record promises on either engine, as functions of a database; called by `registers/src/contract.rs`.
use super::*;
use domain::id::{CaseId, PersonId};
use eventstore::{Clock, Db};
use std::collections::BTreeSet;
use uuid::Uuid;

type Outcome = Result<(), Box<dyn std::error::Error>>;

const NOW: Timestamp = Timestamp(1_767_225_600_000);
const DAY: i64 = 86_400_000;

/// Everything, one after another.
///
/// # Errors
/// The database's own; a broken promise panics.
pub async fn contract(db: &Db) -> Outcome {
    what_is_recorded_is_read_back_newest_first(db).await?;
    what_is_rolled_back_leaves_no_gap(db).await?;
    many_writers_at_once_leave_dense_positions_and_times_that_never_fall(db).await?;
    the_recorder_answers_after_the_commit(db).await?;
    a_full_queue_is_an_error(db).await?;
    filters_find_by_actor_act_subject_and_time(db).await?;
    pages_follow_each_other_without_gap_or_repeat(db).await?;
    nothing_younger_than_twelve_months_can_be_deleted(db).await?;
    what_is_pruned_is_told_and_positions_keep_their_numbers(db).await?;
    a_damaged_record_is_noticed(db).await?;
    Ok(())
}

/// An act by somebody on somebody's account.
fn entry(by: &str, on: &str) -> Result<Entry, Box<dyn std::error::Error>> {
    let act = Act::PersonSaved(OfPerson { person: on.parse()? });
    Ok(Entry { actor: Actor::Person(by.parse()?), address: "2001:db8::7".parse().ok(), act })
}

async fn add(db: &Db, region: Region, now: Timestamp, entries: &[Entry]) -> Result<RangeInclusive<i64>, Error> {
    let mut tx = db.begin().await?;
    let positions = append(&mut tx, region, now, entries).await?;
    tx.commit().await?;
    Ok(positions)
}

async fn positions(db: &Db, region: Region, filter: &Filter) -> Result<Vec<i64>, Error> {
    Ok(list(db, region, filter, None, 1000).await?.rows.iter().map(|row| row.position).collect())
}

async fn what_is_recorded_is_read_back_newest_first(db: &Db) -> Outcome {
    let region = Region(110_001);
    let opened = Act::VaultOpened(VaultOpened {
        held: Held::Party { case: CaseId(Uuid::from_u128(1)), party: Party::Applicant },
        fields: vec![Field::Name],
        reason: Reason { code: "asks-at-the-window".parse()?, note: None },
    });
    let entries = [entry("li", "wang")?, Entry { actor: Actor::System, address: None, act: opened.clone() }];
    assert_eq!(add(db, region, NOW, &entries).await?, 1..=2);
    assert!(add(db, region, NOW, &[]).await?.is_empty());
    let page = list(db, region, &Filter::default(), None, 10).await?;
    let [second, first] = &page.rows[..] else { return Err("two entries".into()) };
    assert_eq!((first.position, first.actor.as_str(), first.address.as_deref()), (1, "person:li", Some("2001:db8::7")));
    assert_eq!((first.about.as_deref(), first.act()?), (Some("person:wang"), entries[0].act.clone()));
    assert_eq!((second.position, second.actor.as_str(), second.act()?), (2, "system", opened.clone()));
    assert_eq!(second.body, opened.encode()?, "the text that was written");
    assert_eq!((second.recorded_at, page.next), (NOW.0, None));
    Ok(())
}

async fn what_is_rolled_back_leaves_no_gap(db: &Db) -> Outcome {
    let region = Region(110_002);
    let one = [entry("li", "wang")?];
    add(db, region, NOW, &one).await?;
    let mut tx = db.begin().await?;
    append(&mut tx, region, NOW, &one).await?;
    tx.rollback().await?;
    assert_eq!(add(db, region, NOW, &one).await?, 2..=2);
    assert_eq!(examine(db, region).await?, ((1, 2), vec![]));
    Ok(())
}

/// Writers whose clocks disagree: the second statement of each would lie, if the first did not take the sequencer.
async fn many_writers_at_once_leave_dense_positions_and_times_that_never_fall(db: &Db) -> Outcome {
    let region = Region(110_003);
    let mut writers = Vec::new();
    for writer in 0..8_i64 {
        let (db, some) = (db.clone(), [entry("li", "wang")?, entry("li", "zhou")?]);
        writers.push(tokio::spawn(async move {
            for step in 0..20 {
                add(&db, region, NOW.plus(step * 100 - writer * 1000), &some).await?;
            }
            Ok::<(), Error>(())
        }));
    }
    for writer in writers {
        writer.await??;
    }
    assert_eq!(examine(db, region).await?, ((1, 320), vec![]));
    Ok(())
}

async fn the_recorder_answers_after_the_commit(db: &Db) -> Outcome {
    let region = Region(110_004);
    let (recorder, task) = Recorder::start(db.clone(), region, Clock::driven(NOW));
    let mut asked = Vec::new();
    for _ in 0..50 {
        let (recorder, db, one) = (recorder.clone(), db.clone(), entry("li", "wang")?);
        asked.push(tokio::spawn(async move {
            let position = recorder.record(&one).await?;
            let page = list(&db, region, &Filter::default(), Some(position + 1), 1).await;
            Ok::<_, RecordError>((position, page.is_ok_and(|page| page.rows[0].position == position)))
        }));
    }
    let mut positions = BTreeSet::new();
    for one in asked {
        let (position, seen) = one.await??;
        assert!(seen, "entry {position} was acknowledged before others could read it");
        positions.insert(position);
    }
    assert_eq!(positions, (1..=50).collect());
    drop(recorder);
    task.await?;
    Ok(())
}

async fn a_full_queue_is_an_error(db: &Db) -> Outcome {
    let region = Region(110_005);
    let (recorder, task) = Recorder::with_room(db.clone(), region, Clock::driven(NOW), 2);
    // Whoever holds the sequencer stops the task.
    let mut tx = db.begin().await?;
    append(&mut tx, region, NOW, &[entry("li", "wang")?]).await?;
    let mut asked = Vec::new();
    for _ in 0..10 {
        let (recorder, one) = (recorder.clone(), entry("li", "wang")?);
        asked.push(tokio::spawn(async move { recorder.record(&one).await }));
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    tx.commit().await?;
    let (mut kept, mut busy) = (0, 0);
    for one in asked {
        match one.await? {
            Ok(_) => kept += 1,
            Err(RecordError::Busy) => busy += 1,
            Err(other) => return Err(other.into()),
        }
    }
    assert!(busy >= 1 && kept >= 2, "{kept} kept, {busy} told to come back");
    drop(recorder);
    task.await?;
    assert_eq!(examine(db, region).await?, ((1, kept + 1), vec![]), "what was told to come back is not there");
    Ok(())
}

async fn filters_find_by_actor_act_subject_and_time(db: &Db) -> Outcome {
    let region = Region(110_006);
    let signed_out = Act::SignedOut(SignedOut { session: Uuid::nil() });
    let others = |act: &Act| Entry { actor: Actor::Nobody, address: None, act: act.clone() };
    add(db, region, NOW, &[entry("li", "wang")?, others(&signed_out)]).await?;
    add(db, region, NOW.plus(10), &[entry("zhou", "wang")?, entry("li", "zhou")?]).await?;
    add(db, region, NOW.plus(20), &[entry("li", "li")?]).await?;
    let (li, wang): (PersonId, PersonId) = ("li".parse()?, "wang".parse()?);
    let by_li = Filter { actor: Some(Actor::Person(li)), ..Filter::default() };
    let named = Filter { name: Some("signed_out".into()), ..Filter::default() };
    let both = Filter { name: Some("person_saved".into()), ..by_li.clone() };
    let about = Filter { about: Some(Subject::Person(wang)), ..Filter::default() };
    let from = Filter { from: Some(NOW.plus(10)), ..Filter::default() };
    let to = Filter { to: Some(NOW.plus(10)), ..Filter::default() };
    let span = Filter { from: Some(NOW.plus(1)), to: Some(NOW.plus(20)), ..by_li.clone() };
    let later = Filter { from: Some(NOW.plus(21)), ..Filter::default() };
    let wanted: [(&Filter, &[i64]); 8] = [
        (&by_li, &[5, 4, 1]),
        (&named, &[2]),
        (&both, &[5, 4, 1]),
        (&about, &[3, 1]),
        (&from, &[5, 4, 3]),
        (&to, &[2, 1]),
        (&span, &[4]),
        (&later, &[]),
    ];
    for (filter, found) in wanted {
        assert_eq!(positions(db, region, filter).await?, found, "{filter:?}");
    }
    Ok(())
}

async fn pages_follow_each_other_without_gap_or_repeat(db: &Db) -> Outcome {
    let region = Region(110_007);
    let entries = (0..25).map(|_| entry("li", "wang")).collect::<Result<Vec<_>, _>>()?;
    add(db, region, NOW, &entries).await?;
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let page = list(db, region, &Filter::default(), cursor, 10).await?;
        seen.extend(page.rows.iter().map(|row| row.position));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
        add(db, region, NOW, &entries[..1]).await?;
    }
    assert_eq!(seen, (1..=25).rev().collect::<Vec<_>>(), "what is appended meanwhile moves no page");
    Ok(())
}

async fn nothing_younger_than_twelve_months_can_be_deleted(db: &Db) -> Outcome {
    let region = Region(110_008);
    assert_eq!(prune(db, region, &Actor::System, NOW, NOW.plus(KEPT_MS_MIN)).await?, 0, "an empty record");
    add(db, region, NOW, &[entry("li", "wang")?]).await?;
    add(db, region, NOW.plus(DAY), &[entry("li", "wang")?]).await?;
    let too_young = async |before, now| {
        matches!(prune(db, region, &Actor::System, before, now).await, Err(PruneError::TooYoung { .. }))
    };
    assert!(too_young(NOW.plus(1), NOW.plus(KEPT_MS_MIN)).await);
    assert!(too_young(NOW.plus(DAY), NOW.plus(DAY)).await);
    assert!(too_young(NOW.plus(1), NOW.plus(9 * KEPT_MS_MIN)).await, "a clock that runs ahead deletes nothing");
    assert_eq!(examine(db, region).await?, ((1, 2), vec![]));
    Ok(())
}

async fn what_is_pruned_is_told_and_positions_keep_their_numbers(db: &Db) -> Outcome {
    let region = Region(110_009);
    let (one, year_on) = ([entry("li", "wang")?], NOW.plus(KEPT_MS_MIN));
    for at in [NOW, NOW.plus(1), NOW.plus(2), year_on.plus(2)] {
        add(db, region, at, &one).await?;
    }
    let actor = Actor::Person("auditor".parse()?);
    assert_eq!(prune(db, region, &actor, NOW.plus(2), year_on.plus(3)).await?, 2);
    assert_eq!(prune(db, region, &actor, NOW.plus(2), year_on.plus(3)).await?, 0, "there is no more");
    assert_eq!(positions(db, region, &Filter::default()).await?, [5, 4, 3]);
    let told = list(db, region, &Filter { name: Some("pruned".into()), ..Filter::default() }, None, 9).await?;
    let act = Act::Pruned(Pruned { first: 1, last: 2, before: NOW.plus(2) });
    assert_eq!((told.rows[0].act()?, told.rows[0].actor.as_str()), (act, "person:auditor"));
    assert_eq!(examine(db, region).await?, ((3, 5), vec![]));
    let early = Filter { to: Some(NOW.plus(3)), ..Filter::default() };
    assert_eq!(positions(db, region, &early).await?, [3], "a time is found in what is left");
    Ok(())
}

/// What no code of ours can do: by hand, in a region of its own, one after another.
async fn a_damaged_record_is_noticed(db: &Db) -> Outcome {
    const BY_HAND: [(&str, &str); 5] = [
        ("delete from record where region = 110010 and position = 3", "entry 4 follows entry 2"),
        ("update record set recorded_at = 5 where region = 110011 and position = 4", "recorded before"),
        ("update record set body = '{}' where region = 110012 and position = 2", "cannot be read"),
        ("delete from record where region = 110013 and position > 3", "nothing follows entry 3"),
        ("update record_head set first = 3 where region = 110014", "outside"),
    ];
    for ((text, fault), region) in BY_HAND.into_iter().zip(110_010..) {
        let region = Region(region);
        let entries = (0..5).map(|_| entry("li", "wang")).collect::<Result<Vec<_>, _>>()?;
        add(db, region, NOW, &entries).await?;
        let mut tx = db.begin().await?;
        sql!(tx.conn(), c => sqlx::query(text).execute(c).await?.rows_affected());
        tx.commit().await?;
        let (_, faults) = examine(db, region).await?;
        assert!(faults.iter().any(|it| it.contains(fault)), "{text}: {faults:?}");
    }
    Ok(())
}
