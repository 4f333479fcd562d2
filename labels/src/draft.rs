//! A page being laid out: texts set into boxes, rules, frames, QR symbols; collects what could not be printed as given.
//! Only adds marks, never reads them back. One more thing that many papers draw: a method here.
use crate::dots;
use crate::error::Error;
use crate::fit::{self, Sizes};
use crate::font;
use crate::page::{Area, Item, Missing, Page, PlacedQr, Run, Um};
use crate::qr::Symbol;
use std::collections::BTreeSet;

/// The narrowest QR module that phones read without being held still, micrometres.
const MODULE_LEAST: Um = 300;

/// Where in its box a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Across {
    Left,
    Centre,
    Right,
}

/// Where in its box a text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Down {
    Top,
    Middle,
    Bottom,
}

/// A page being laid out.
#[derive(Debug)]
pub struct Draft {
    pub page: Page,
    pub missing: BTreeSet<Missing>,
    pub shortened: Vec<String>,
}

impl Draft {
    #[must_use]
    pub fn new(w: Um, h: Um) -> Self {
        Self { page: Page { w, h, items: Vec::new() }, missing: BTreeSet::new(), shortened: Vec::new() }
    }

    /// The whole page.
    #[must_use]
    pub fn area(&self) -> Area {
        Area::new(0, 0, self.page.w, self.page.h)
    }

    /// Sets a text into a box. Returns the height it took, micrometres; nothing for an empty text.
    pub fn text(&mut self, area: Area, text: &str, sizes: Sizes, (across, down): (Across, Down)) -> Um {
        let printable = font::printable(text, &mut self.missing);
        if printable.is_empty() {
            return 0;
        }
        let block = fit::fit(&printable, area.w, area.h, sizes);
        if block.shortened {
            self.shortened.push(text.to_owned());
        }
        let spare = area.h - block.height();
        let top = match down {
            Down::Top => area.y,
            Down::Middle => area.y + spare / 2,
            Down::Bottom => area.y + spare,
        };
        let mut baseline = top + font::scaled(font::ASCENT, block.size);
        for line in &block.lines {
            self.run(area, baseline, block.size, line, across);
            baseline += block.leading();
        }
        block.height()
    }

    fn run(&mut self, area: Area, baseline: Um, size: Um, line: &str, across: Across) {
        let spare = area.w - font::width_at(line, size);
        let x = match across {
            Across::Left => area.x,
            Across::Centre => area.x + spare / 2,
            Across::Right => area.x + spare,
        };
        self.page.items.push(Item::Text(Run { x, baseline, size, text: line.to_owned() }));
    }

    /// A filled rectangle; a rule is a thin one.
    pub fn bar(&mut self, x: Um, y: Um, w: Um, h: Um) {
        self.page.items.push(Item::Bar(Area::new(x, y, w, h)));
    }

    /// Four rules inside the edge of a box.
    pub fn frame(&mut self, area: Area, thick: Um) {
        self.bar(area.x, area.y, area.w, thick);
        self.bar(area.x, area.bottom() - thick, area.w, thick);
        self.bar(area.x, area.y, thick, area.h);
        self.bar(area.right() - thick, area.y, thick, area.h);
    }

    /// Four dashed rules inside the edge of a box: something is put here later.
    pub fn dashes(&mut self, area: Area, thick: Um, dash: Um) {
        let step = dash * 2;
        for at in (0..area.w).step_by(step as usize) {
            let long = dash.min(area.w - at);
            self.bar(area.x + at, area.y, long, thick);
            self.bar(area.x + at, area.bottom() - thick, long, thick);
        }
        for at in (0..area.h).step_by(step as usize) {
            let long = dash.min(area.h - at);
            self.bar(area.x, area.y + at, thick, long);
            self.bar(area.right() - thick, area.y + at, thick, long);
        }
    }

    /// The largest symbol of whole dots in the upper left of a box. Returns the square it takes with its quiet zone.
    ///
    /// # Errors
    /// [`Error::SymbolTooSmall`], [`Error::Resolution`]
    pub fn qr(&mut self, area: Area, symbol: Symbol, dpi: u16) -> Result<Area, Error> {
        let dot = dots::dot(dpi)?;
        let side = symbol.side() as f64;
        let module = (f64::from(area.w.min(area.h)) / (side * dot)).floor() * dot;
        if module < f64::from(MODULE_LEAST) {
            return Err(Error::SymbolTooSmall { module_um: module as Um, least_um: MODULE_LEAST });
        }
        let taken = (module * side).ceil() as Um;
        self.page.items.push(Item::Qr(PlacedQr { x: area.x, y: area.y, module, symbol }));
        Ok(Area::new(area.x, area.y, taken, taken))
    }

    /// Puts a smaller page onto this one, its corner at the given place.
    pub fn place(&mut self, page: Page, x: Um, y: Um) {
        self.page.items.extend(page.items.into_iter().map(|item| item.moved(x, y)));
    }

    /// Moves everything that was drawn so far.
    pub fn shift(&mut self, right: Um, down: Um) {
        let items = std::mem::take(&mut self.page.items);
        self.page.items = items.into_iter().map(|item| item.moved(right, down)).collect();
    }
}
