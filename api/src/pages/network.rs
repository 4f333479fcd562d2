//! A picture of the network, drawn on the server: hubs in the middle, centres on one side and departments on the other, each
//! in the order of its id, so that a place is always where it was. A circle holds how much is there; an arrow is as thick as
//! what moves along it, and says how much. Pure: places and movements in, coordinates out.
use domain::id::SiteId;
use domain::network::SiteKind;
use std::collections::HashMap;

const WIDTH: f64 = 1100.0;
/// From one place of a side to the next.
const STEP: f64 = 27.0;
const MARGIN: f64 = 40.0;
/// How far a side stands from the middle at its ends, and how much further in its middle.
const NEAR: f64 = 130.0;
const BULGE: f64 = 120.0;
/// An arrow stands beside the line of its way back.
const BESIDE: f64 = 4.0;

/// A place to be drawn. Stations are counted with the centre they hang on.
#[derive(Clone, Debug)]
pub struct Place {
    pub id: SiteId,
    pub kind: SiteKind,
    /// The place it hangs on.
    pub parent: Option<SiteId>,
    pub name: String,
    /// How much is there; `None` where the reader may not know.
    pub here: Option<i64>,
    /// Where its name leads.
    pub link: Option<String>,
}

/// What moves from one place to another: dossiers, bags.
pub type Moves = HashMap<(SiteId, SiteId), (i64, i64)>;

/// The picture, ready for a template.
#[derive(Debug)]
pub struct Picture {
    pub width: f64,
    pub height: f64,
    pub ways: Vec<Line>,
    pub flows: Vec<Flow>,
    pub nodes: Vec<Node>,
}

/// A stretch.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    pub x1: f64,
    pub y1: f64,
    pub x2: f64,
    pub y2: f64,
}

/// What moves along a stretch.
#[derive(Debug)]
pub struct Flow {
    pub line: Line,
    /// Thickness.
    pub thick: f64,
    /// Where its number stands.
    pub x: f64,
    pub y: f64,
    pub from: String,
    pub to: String,
    pub dossiers: i64,
    pub bags: i64,
}

/// A place in the picture.
#[derive(Debug)]
pub struct Node {
    pub x: f64,
    pub y: f64,
    pub r: f64,
    /// Where its name stands, and how it is aligned there.
    pub name_x: f64,
    pub name_y: f64,
    pub anchor: &'static str,
    pub name: String,
    pub here: Option<i64>,
    pub link: Option<String>,
    pub is_hub: bool,
}

/// Draws places and what moves between them.
#[must_use]
pub fn draw(places: &[Place], moves: &Moves) -> Picture {
    let side = |is: fn(SiteKind) -> bool| {
        let mut side: Vec<&Place> = places.iter().filter(|place| is(place.kind)).collect();
        side.sort_by(|a, b| a.id.cmp(&b.id));
        side
    };
    let hubs = side(|kind| kind == SiteKind::Hub);
    let left = side(|kind| matches!(kind, SiteKind::Centre | SiteKind::Station));
    let right = side(|kind| kind == SiteKind::Department);
    let rows = left.len().max(right.len()).max(3);
    let height = MARGIN * 2.0 + STEP * to_f64(rows - 1);
    let mut nodes: Vec<(&Place, Node)> = Vec::new();
    nodes.extend(in_the_middle(&hubs, height));
    nodes.extend(on_a_side(&left, height, -1.0));
    nodes.extend(on_a_side(&right, height, 1.0));
    let at: HashMap<&SiteId, (f64, f64, f64)> =
        nodes.iter().map(|(place, node)| (&place.id, (node.x, node.y, node.r))).collect();
    let names: HashMap<&SiteId, &str> = places.iter().map(|place| (&place.id, place.name.as_str())).collect();
    let way = |place: &Place| {
        let (from, to) = (at.get(&place.id)?, at.get(place.parent.as_ref()?)?);
        Some(Line { x1: from.0, y1: from.1, x2: to.0, y2: to.1 })
    };
    let flow = |((from, to), (dossiers, bags)): (&(SiteId, SiteId), &(i64, i64))| {
        let (begin, end) = (at.get(from)?, at.get(to)?);
        let name = |site: &SiteId| names.get(site).copied().unwrap_or_default().to_owned();
        Some(flow(*begin, *end, (name(from), name(to)), (*dossiers, *bags)))
    };
    let mut sorted: Vec<_> = moves.iter().filter(|((from, to), _)| from != to).collect();
    sorted.sort();
    Picture {
        width: WIDTH,
        height,
        ways: places.iter().filter_map(way).collect(),
        flows: sorted.into_iter().filter_map(flow).collect(),
        nodes: nodes.into_iter().map(|(_, node)| node).collect(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "some hundreds of places")]
fn to_f64(count: usize) -> f64 {
    count as f64
}

fn in_the_middle<'a>(hubs: &[&'a Place], height: f64) -> Vec<(&'a Place, Node)> {
    let first = height / 2.0 - 60.0 * to_f64(hubs.len().saturating_sub(1)) / 2.0;
    let node = |(place, hub): (usize, &&'a Place)| {
        let (x, y, r) = (WIDTH / 2.0, first + 60.0 * to_f64(place), radius(hub.here).max(18.0));
        (*hub, node(hub, (x, y, r), (x, y + r + 15.0, "middle")))
    };
    hubs.iter().enumerate().map(node).collect()
}

/// Evenly from top to bottom, on a bow around the middle.
fn on_a_side<'a>(places: &[&'a Place], height: f64, side: f64) -> Vec<(&'a Place, Node)> {
    let first = height / 2.0 - STEP * to_f64(places.len().saturating_sub(1)) / 2.0;
    let node = |(number, place): (usize, &&'a Place)| {
        let y = first + STEP * to_f64(number);
        let off = (y - height / 2.0) / (height / 2.0);
        let x = WIDTH / 2.0 + side * (NEAR + BULGE * (1.0 - off * off).max(0.0).sqrt());
        let r = radius(place.here);
        let anchor = if side < 0.0 { "end" } else { "start" };
        (*place, node(place, (x, y, r), (x + side * (r + 6.0), y + 4.0, anchor)))
    };
    places.iter().enumerate().map(node).collect()
}

fn node(place: &Place, (x, y, r): (f64, f64, f64), (name_x, name_y, anchor): (f64, f64, &'static str)) -> Node {
    let (name, here, link) = (place.name.clone(), place.here, place.link.clone());
    Node { x, y, r, name_x, name_y, anchor, name, here, link, is_hub: place.kind == SiteKind::Hub }
}

/// As large as its number needs; an empty place is a dot.
fn radius(here: Option<i64>) -> f64 {
    match here.unwrap_or(0) {
        0 => 5.0,
        1..100 => 10.0,
        _ => 13.0,
    }
}

fn flow(
    (x1, y1, r1): (f64, f64, f64),
    (x2, y2, r2): (f64, f64, f64),
    (from, to): (String, String),
    (dossiers, bags): (i64, i64),
) -> Flow {
    let (dx, dy) = (x2 - x1, y2 - y1);
    let length = dx.hypot(dy).max(1.0);
    let (ux, uy) = (dx / length, dy / length);
    // To the right of the way, so that there and back do not cover each other.
    let (nx, ny) = (-uy * BESIDE, ux * BESIDE);
    let line = Line {
        x1: x1 + ux * (r1 + 2.0) + nx,
        y1: y1 + uy * (r1 + 2.0) + ny,
        x2: x2 - ux * (r2 + 8.0) + nx,
        y2: y2 - uy * (r2 + 8.0) + ny,
    };
    let thick = thickness(dossiers + bags);
    // Towards the outer end, where arrows are furthest from each other: a hub's circle is the larger one.
    let along = if r1 > r2 { 0.72 } else { 0.28 };
    let (x, y) = (x1 + dx * along + nx * 2.0, y1 + dy * along + ny * 2.0 + 4.0);
    Flow { line, thick, x, y, from, to, dossiers, bags }
}

/// Ten times as much is one and a half dots more.
#[expect(clippy::cast_precision_loss, reason = "a thickness")]
fn thickness(count: i64) -> f64 {
    (1.5 + 1.5 * (count.max(1) as f64).log10()).min(8.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(id: &str, kind: SiteKind, here: i64) -> Place {
        let parent = (kind != SiteKind::Hub).then(|| "hub".parse().unwrap());
        Place { id: id.parse().unwrap(), kind, parent, name: id.to_owned(), here: Some(here), link: None }
    }

    fn county() -> Vec<Place> {
        let mut places = vec![place("hub", SiteKind::Hub, 3)];
        places.extend((1..30).map(|n| place(&format!("t{n:02}"), SiteKind::Centre, n)));
        places.extend((1..20).map(|n| place(&format!("d{n:02}"), SiteKind::Department, 0)));
        places
    }

    fn id(text: &str) -> SiteId {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_is_always_where_it_was() {
        let (mut places, moves) = (county(), Moves::new());
        let drawn = |places: &[Place]| {
            let mut at: Vec<_> = draw(places, &moves).nodes.into_iter().map(|it| (it.name, it.x, it.y)).collect();
            at.sort_by(|a, b| a.0.cmp(&b.0));
            at
        };
        let before = drawn(&places);
        places.reverse();
        assert_eq!(before, drawn(&places));
    }

    #[test]
    fn no_two_places_cover_each_other_and_all_are_inside() {
        let picture = draw(&county(), &Moves::new());
        for (index, a) in picture.nodes.iter().enumerate() {
            assert!(a.x > 0.0 && a.x < picture.width && a.y > 0.0 && a.y < picture.height, "{}", a.name);
            for b in &picture.nodes[..index] {
                assert!((a.x - b.x).hypot(a.y - b.y) >= a.r + b.r, "{} and {}", a.name, b.name);
            }
        }
        assert_eq!(picture.ways.len(), 48, "everything hangs on the hub");
    }

    #[test]
    fn there_and_back_are_two_arrows_and_more_is_thicker() {
        let moves = Moves::from([((id("t01"), id("hub")), (500, 4)), ((id("hub"), id("t01")), (2, 0))]);
        let flows = draw(&county(), &moves).flows;
        let (back, there) = (&flows[0], &flows[1]);
        assert_eq!((there.from.as_str(), there.dossiers, back.dossiers), ("t01", 500, 2));
        assert!(there.thick > back.thick);
        let apart = (there.line.x1 - back.line.x2).hypot(there.line.y1 - back.line.y2);
        assert!(apart > BESIDE, "{apart}");
    }

    #[test]
    fn what_moves_to_nowhere_known_is_left_out() {
        let moves = Moves::from([((id("t01"), id("moon")), (1, 0)), ((id("t01"), id("t01")), (1, 0))]);
        assert_eq!(draw(&county(), &moves).flows.len(), 0);
        assert_eq!(draw(&[], &moves).nodes.len(), 0);
    }
}
