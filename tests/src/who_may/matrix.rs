//! Every route × everybody: what the table does not allow is answered like what is not there, and so is what lies beyond one's
//! sites. The routes come from the router and the expectation from the table, so that a new route is tried without a line here;
//! one whose address has a new gap needs it filled in `world.rs`, else only the guard's answer to strangers is known.
use super::askers::{self, Asker, Expected, Key, Kind, staff};
use super::world::{Answer, World};
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use api::access::guard::Route;
use api::access::who_may::{Reach, of};
use api::router::routes;
use domain::id::Region;
use registers::Validity;
use registers::person::Role;
use serde_json::json;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Whoever holds a label knows what is printed on it, and may be told holder and next hop: no site is asked.
const BY_LABEL: [&str; 2] = ["/api/v1/labels/{code}/picture", "/api/v1/things/{code}"];
/// Ends the session that asks: comes last.
const LAST: &str = "/logout";

fn is_json(route: &Route) -> bool {
    route.path.starts_with("/api/v1/")
}

async fn every_route_answers_everybody_as_the_table_says(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
    let other = Office::open(&fresh.url, Region(441_426), MORNING).await;
    let own = staff(&office, "t01", "t01", Validity::ALWAYS).await?;
    let world = Arc::new(World::open(&office).await?);
    let everybody: Vec<Asker> = [
        own.clone(),
        askers::without_post(&office).await?,
        askers::without_session(&office, "clerk.t01").await?,
        askers::devices(&office).await?,
        askers::clients(&office).await?,
        askers::of_another_region(&other).await?,
    ]
    .concat();
    let known = References::ask(&world, &own[0].key).await;
    let mut counts = [0; 4];
    let (last, first): (Vec<Route>, Vec<Route>) = routes().into_iter().partition(|route| route.path == LAST);
    for route in first.iter().chain(&last) {
        let there = world.there(&route.path).map(|mut paths| paths.swap_remove(0));
        let mut asked = JoinSet::new();
        for asker in everybody.clone() {
            let (world, method, pattern) = (world.clone(), route.method.clone(), route.path.clone());
            // Of loads, everybody's own is there.
            let own = there.clone().map(|path| path.replace("courier.t01", &asker.name));
            asked.spawn(async move {
                let path = own.unwrap_or(pattern);
                let answer = world.ask(&asker.key, &method, &path, &json!({})).await;
                (asker, answer)
            });
        }
        while let Some(one) = asked.join_next().await {
            let (asker, answer) = one?;
            known.check(route, &asker, &answer, there.is_some());
            counts[asker.expects(route.action) as usize] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 100), "admitted, absent, revoked, nobody: {counts:?}");
    other.close().await;
    office.close().await;
    Ok(())
}

/// What is answered where there is nothing, and to who shows nothing or nothing good.
struct References {
    absent: Answer,
    no_credential: Answer,
    bad_credential: Answer,
}

impl References {
    async fn ask(world: &World, good: &Key) -> Self {
        let bad = Key::Bearer("nonsense".to_owned());
        Self {
            absent: world.ask(good, "GET", "/api/v1/nowhere", &json!({})).await,
            no_credential: world.ask(&Key::Nothing, "GET", "/api/v1/dossiers", &json!({})).await,
            bad_credential: world.ask(&bad, "GET", "/api/v1/dossiers", &json!({})).await,
        }
    }

    fn check(&self, route: &Route, asker: &Asker, answer: &Answer, is_there: bool) {
        let what = format!("{}: {} {}: {answer:?}", asker.name, route.method, route.path);
        let sent_to = |place: &str| {
            assert_eq!(answer.status, 303, "{what}");
            assert!(answer.headers.contains(&("location".to_owned(), place.to_owned())), "{what}");
        };
        match asker.expects(route.action) {
            // A page leads to where one signs in or shows the second factor.
            Expected::Nobody if !is_json(route) => sent_to(match (&*route.method, &asker.key) {
                ("GET", Key::Cookie(_)) => "/login?over=read",
                ("GET", Key::Bearer(_) | Key::Nothing) => "/login",
                _ => "/login?over=sent",
            }),
            Expected::Admitted | Expected::Absent
                if !is_json(route) && asker.kind == Kind::Unproven && !route.path.starts_with("/account") =>
            {
                sent_to("/account/second-factor");
            }
            Expected::Nobody if matches!(asker.key, Key::Nothing) => assert_eq!(*answer, self.no_credential, "{what}"),
            Expected::Nobody => assert_eq!(*answer, self.bad_credential, "{what}"),
            Expected::Revoked => assert!(answer.status == 401 && answer.body.contains("device-revoked"), "{what}"),
            Expected::Absent => assert_eq!(*answer, self.absent, "{what}"),
            Expected::Admitted => {
                assert!(answer.status != 401 && answer.status < 500, "{what}");
                assert!(!is_there || *answer != self.absent, "{what}");
            }
        }
    }
}

async fn beyond_ones_sites_every_route_answers_like_nothing(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
    let own = staff(&office, "t01", "t01", Validity::ALWAYS).await?;
    let strangers = staff(&office, "t02", "t02", Validity::ALWAYS).await?;
    let bounded = askers::supervisor_of(&office, "t02").await?;
    let world = World::open(&office).await?;
    let mut compared = 0;
    for route in routes().iter().filter(|route| is_json(route) && !BY_LABEL.contains(&route.path.as_str())) {
        let reaches = |asker: &Asker, reach: Reach| matches!(asker.kind, Kind::Staff(role) if of(route.action).reach(role) == reach);
        let asking: Vec<&Asker> = strangers.iter().filter(|it| reaches(it, Reach::Own)).collect();
        let asking: Vec<&Asker> = asking.into_iter().chain(reaches(&bounded, Reach::All).then_some(&bounded)).collect();
        let (Some(there), Some(absent)) = (world.there(&route.path), world.absent(&route.path)) else { continue };
        let about_things = there != absent;
        if !about_things && route.method != "GET" {
            continue;
        }
        for asker in &asking {
            for (there, absent) in there.iter().zip(&absent) {
                let body = world.body(&route.path);
                let beyond = world.ask(&asker.key, &route.method, there, &body).await;
                let what = format!("{}: {} {there}: {beyond:?}", asker.name, route.method);
                assert!(!world.gives_away(&beyond), "{what}");
                if about_things {
                    assert!(matches!(beyond.status, 200 | 404), "{what}");
                    assert_eq!(beyond, world.ask(&asker.key, &route.method, absent, &body).await, "{what}");
                }
                compared += 1;
            }
        }
        // And whose it is does get it, or a refusal that says why.
        let holder = own.iter().find(|it| !asking.is_empty() && !reaches(it, Reach::No));
        for path in there.iter().filter(|_| about_things) {
            let Some(holder) = holder else { continue };
            let answer = world.ask(&holder.key, &route.method, path, &world.body(&route.path)).await;
            assert!(matches!(answer.status, 200 | 204 | 409), "{}: {} {path}: {answer:?}", holder.name, route.method);
        }
    }
    for (path, [there, absent]) in world.named() {
        for asker in strangers.iter().filter(|it| it.kind == Kind::Staff(Role::Clerk)) {
            let beyond = world.ask(&asker.key, "POST", path, &there).await;
            assert_eq!(beyond.status, 404, "{path}: {beyond:?}");
            assert_eq!(beyond, world.ask(&asker.key, "POST", path, &absent).await, "{path}");
        }
    }
    assert!(compared > 200, "{compared}");
    office.close().await;
    Ok(())
}

/// Pages that ask nobody who it is.
async fn the_applicant_s_pages_answer_everybody_alike(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, Region(441_424), MORNING).await;
    let own = staff(&office, "t01", "t01", Validity::ALWAYS).await?;
    let everybody = [own, askers::devices(&office).await?, askers::clients(&office).await?].concat();
    let world = World::open(&office).await?;
    let receipt = world.receipt(&office).await?;
    for path in ["/t".to_owned(), format!("/t/{receipt}"), format!("/T/{receipt}?lang=en")] {
        let told = world.ask(&Key::Nothing, "GET", &path, &json!({})).await;
        assert!(told.status == 200 && !world.gives_away(&told), "{path}: {told:?}");
        for asker in &everybody {
            assert_eq!(world.ask(&asker.key, "GET", &path, &json!({})).await, told, "{}: {path}", asker.name);
        }
    }
    office.close().await;
    Ok(())
}

on_both_engines!(
    the_applicant_s_pages_answer_everybody_alike,
    every_route_answers_everybody_as_the_table_says,
    beyond_ones_sites_every_route_answers_like_nothing,
);
