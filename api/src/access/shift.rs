//! Shifts: who holds a shared device, by badge and PIN. The person then stands in each scan; the device's credential is what
//! opens the door.
use crate::access::attempts::{SHIFTS_OF_DEVICE, limited};
use crate::access::principal::Device;
use crate::access::sign_in::{Visitor, locked};
use crate::app::App;
use crate::problem::Problem;
use axum::http::StatusCode;
use domain::code::CodeKind;
use domain::id::PersonId;
use registers::account::{self, Door};
use registers::person::PostRow;
use registers::record::{Act, Actor, Entry, OnShift, ShiftFailed, ShiftFailure, append};

/// Begins a shift: the person, with the posts held now.
///
/// # Errors
/// Wrong badge or PIN, alike: 422. Too often: 429.
pub async fn begin(
    app: &App,
    device: &Device,
    visitor: &Visitor,
    badge: &str,
    pin: String,
) -> Result<(PersonId, Vec<PostRow>), Problem> {
    let (region, now) = (app.region(), app.now());
    app.attempts().count(SHIFTS_OF_DEVICE, device.id.as_str(), now)?;
    let code = labels::code::read(badge).ok().filter(|code| code.kind() == CodeKind::Badge);
    let known = app.known();
    let person = code.and_then(|code| known.people.of_badge(code, now)).cloned();
    let account = match &person {
        Some(person) => account::find(app.db(), region, person).await?,
        None => account::AccountRow::default(),
    };
    if let Some(until) = account.rests_until(Door::Shift, now) {
        return Err(limited(until.since(now)));
    }
    let right = app.hashing().verify(pin, account.pin).await?;
    let posts: Vec<PostRow> = person
        .iter()
        .flat_map(|person| known.people.posts_at(person, now))
        .filter(|it| it.role.scans())
        .cloned()
        .collect();
    let why = match (&person, right, posts.is_empty()) {
        (None, _, _) => Some(ShiftFailure::UnknownBadge),
        (Some(_), false, _) => Some(ShiftFailure::WrongPin),
        (Some(_), true, true) => Some(ShiftFailure::NoPost),
        (Some(_), true, false) => None,
    };
    let mut tx = app.db().begin().await?;
    let Some(person) = person.clone().filter(|_| why.is_none()) else {
        let why = why.unwrap_or(ShiftFailure::UnknownBadge);
        let failed = Act::ShiftFailed(ShiftFailed { device: device.id.clone(), person: person.clone(), why });
        let mut entries = vec![of(device, visitor, failed)];
        if let Some(person) = person
            && account::failed(&mut tx, region, &person, Door::Shift, now).await?
        {
            entries.push(locked(&person, now, visitor));
        }
        append(&mut tx, region, now, &entries).await?;
        tx.commit().await?;
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong-badge-or-pin", "Badge or PIN is wrong"));
    };
    account::succeeded(&mut tx, region, &person, Door::Shift).await?;
    let began = Act::ShiftBegan(OnShift { device: device.id.clone(), person: person.clone() });
    append(&mut tx, region, now, &[of(device, visitor, began)]).await?;
    tx.commit().await?;
    Ok((person, posts))
}

/// Ends a shift.
///
/// # Errors
/// The database's own.
pub async fn end(app: &App, device: &Device, visitor: &Visitor, person: PersonId) -> Result<(), Problem> {
    let ended = Act::ShiftEnded(OnShift { device: device.id.clone(), person });
    app.record(&of(device, visitor, ended)).await
}

fn of(device: &Device, visitor: &Visitor, act: Act) -> Entry {
    Entry { actor: Actor::Device(device.id.clone()), address: Some(visitor.address), act }
}
