//! Tests of whole papers. What a printed code says is read back by two programs that are not ours; without them the
//! tests fail and name the packages. One more paper: its geometry in [`geometry`] or [`papers`], its codes in
//! [`reading`].
mod frames;
mod geometry;
mod papers;
mod reading;
mod slips;
mod thermal;

use crate::label::Label;
use crate::page::Page;
use domain::code::{Code, CodeKind};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::path::{Path, PathBuf};
use std::process::Command;

const HOST: Option<&str> = Some("lz.abcde.gov.cn");
/// 40 characters.
const LONG: &str = "五华县人力资源和社会保障局驻政务服务中心综合服务窗口及档案管理室（二楼东侧三号）";

fn codes(kind: CodeKind, count: usize) -> Vec<Code> {
    let mut rng = StdRng::seed_from_u64(24);
    (0..count).map(|_| crate::code::draw(kind, &mut rng)).collect()
}

fn labels(kind: CodeKind, count: usize) -> Vec<Label> {
    codes(kind, count).into_iter().map(|code| Label::new(code, "安流镇便民服务中心")).collect()
}

/// Texts of a page in the order they were laid out.
fn texts(page: &Page) -> Vec<&str> {
    page.items
        .iter()
        .filter_map(|item| match item {
            crate::page::Item::Text(run) => Some(run.text.as_str()),
            crate::page::Item::Qr(_) | crate::page::Item::Bar(_) => None,
        })
        .collect()
}

/// What a program printed; fails with what to install if it is not there.
fn output(program: &str, arguments: &[&str]) -> String {
    let done = Command::new(program).args(arguments).output().unwrap_or_else(|error| {
        panic!("{program}: {error}. On Debian: apt-get install poppler-utils zbar-tools zxing-cpp-tools librsvg2-bin")
    });
    String::from_utf8_lossy(&done.stdout).into_owned()
}

fn path_text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What zbar reads in a picture.
fn zbar(picture: &Path) -> String {
    output("zbarimg", &["--quiet", "--raw", "--nodbus", path_text(picture)]).trim().to_owned()
}

/// What ZXing reads in a picture.
fn zxing(picture: &Path) -> String {
    let line = output("ZXingReader", &["-1", path_text(picture)]);
    line.split('"').nth(1).unwrap_or_default().to_owned()
}

/// Asserts that both programs read a text.
fn both_read(picture: &Path, text: &str) {
    assert_eq!(zbar(picture), text, "zbar, {picture:?}");
    assert_eq!(zxing(picture), text, "ZXing, {picture:?}");
}

/// Grey dots, 255 is white.
struct Grey {
    w: usize,
    h: usize,
    dots: Vec<u8>,
}

impl Grey {
    /// Of a file of netpbm's binary kind P5, as poppler writes it.
    fn read(path: &Path) -> Self {
        let file = std::fs::read(path).unwrap();
        let head: Vec<usize> = file
            .split(u8::is_ascii_whitespace)
            .skip(1)
            .take(3)
            .map(|number| std::str::from_utf8(number).unwrap().parse().unwrap())
            .collect();
        let dots = file[file.len() - head[0] * head[1]..].to_vec();
        Self { w: head[0], h: head[1], dots }
    }

    fn write(&self, path: &Path) {
        let mut file = format!("P5 {} {} 255\n", self.w, self.h).into_bytes();
        file.extend_from_slice(&self.dots);
        std::fs::write(path, file).unwrap();
    }

    fn at(&self, x: i64, y: i64) -> u8 {
        let inside = x >= 0 && y >= 0 && x < self.w as i64 && y < self.h as i64;
        if inside { self.dots[y as usize * self.w + x as usize] } else { 255 }
    }

    fn cut(&self, x: usize, y: usize, w: usize, h: usize) -> Self {
        let (from_x, from_y) = (x as i64, y as i64);
        let dots = (0..h as i64).flat_map(|y| (0..w as i64).map(move |x| (x, y)));
        Self { w, h, dots: dots.map(|(x, y)| self.at(from_x + x, from_y + y)).collect() }
    }
}

/// The pages of a PDF as another program draws them.
fn drawn(folder: &Path, pdf: &[u8], dpi: u16) -> Vec<PathBuf> {
    let file = folder.join("paper.pdf");
    std::fs::write(&file, pdf).unwrap();
    output("pdftoppm", &["-gray", "-r", &dpi.to_string(), path_text(&file), path_text(&folder.join("page"))]);
    let mut pages: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|path| path.extension().is_some_and(|ending| ending == "pgm"));
    pages.sort();
    pages
}
