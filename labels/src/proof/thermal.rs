//! What is sent to a label printer is taken apart again by readers of our own, that share nothing with the writer: the same
//! dots come back, and the code in them is read by two other programs.
use super::*;
use crate::bitmap::Bitmap;
use crate::error::Error;
use crate::formats::{self, Format};
use crate::page::Paper;
use crate::qr;
use crate::sheet::{self, Job};
use crate::thermal::{self, Language, Roll};

/// One label as a printer would understand it.
#[derive(Debug)]
struct Understood {
    head: Vec<String>,
    copies: usize,
    stride: usize,
    /// 1 is black.
    rows: Vec<Vec<u8>>,
}

fn number(text: &str) -> usize {
    text.trim().parse().unwrap_or_else(|_| panic!("a number: {text}"))
}

/// Lines end in CR LF; after `BITMAP x,y,width,height,mode,` come as many bytes as that says.
fn read_tspl(mut bytes: &[u8]) -> Vec<Understood> {
    let mut labels = Vec::new();
    let (mut head, mut stride, mut rows) = (Vec::new(), 0, Vec::new());
    while !bytes.is_empty() {
        if bytes.starts_with(b"BITMAP ") {
            let mut parts = bytes.splitn(7, |byte| *byte == b' ' || *byte == b',');
            let values: Vec<&str> = parts.by_ref().take(6).map(|part| std::str::from_utf8(part).unwrap()).collect();
            assert_eq!((values[1], values[2], values[5]), ("0", "0", "0"), "at the corner, written over what was");
            let data = parts.next().unwrap();
            let height = number(values[4]);
            stride = number(values[3]);
            rows = data[..stride * height].chunks(stride).map(|row| row.iter().map(|byte| !byte).collect()).collect();
            bytes = data[stride * height..].strip_prefix(b"\r\n").expect("a line's end after the picture");
            continue;
        }
        let end = bytes.windows(2).position(|pair| pair == b"\r\n").expect("every line ends in CR LF");
        let line = std::str::from_utf8(&bytes[..end]).unwrap().to_owned();
        bytes = &bytes[end + 2..];
        if let Some(copies) = line.strip_prefix("PRINT 1,") {
            let (head, rows) = (std::mem::take(&mut head), std::mem::take(&mut rows));
            labels.push(Understood { head, copies: number(copies), stride, rows });
        } else {
            head.push(line);
        }
    }
    assert!(head.is_empty(), "nothing after the last label: {head:?}");
    labels
}

/// The rows of `^GFA`: digits, counts before them, `,` and `!` for the rest of a row, `:` for the row above.
fn read_rows(data: &str, stride: usize) -> Vec<Vec<u8>> {
    let (mut rows, mut row, mut times) = (Vec::<String>::new(), String::new(), 0);
    for letter in data.chars().filter(|letter| !letter.is_whitespace()) {
        match letter {
            'G'..='Y' => times += letter as usize - 'F' as usize,
            'g'..='z' => times += 20 * (letter as usize - 'f' as usize),
            ',' => row.extend(std::iter::repeat_n('0', 2 * stride - row.len())),
            '!' => row.extend(std::iter::repeat_n('F', 2 * stride - row.len())),
            ':' => row = rows.last().expect("a row above").clone(),
            digit => {
                row.extend(std::iter::repeat_n(digit, times.max(1)));
                times = 0;
            }
        }
        if row.len() == 2 * stride {
            rows.push(std::mem::take(&mut row));
        }
    }
    assert!(row.is_empty() && times == 0, "rows are whole");
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    rows.iter().map(|row| row.as_bytes().chunks(2).map(byte).collect()).collect()
}

fn read_zpl(bytes: &[u8]) -> Vec<Understood> {
    let text = std::str::from_utf8(bytes).unwrap();
    let labels = text.split("^XA").skip(1).map(|label| label.split_once("^XZ").expect("an end").0);
    let read = |label: &str| {
        let commands: Vec<&str> = label.split('^').map(str::trim).filter(|it| !it.is_empty()).collect();
        let graphic = commands.iter().find_map(|it| it.strip_prefix("GFA,")).expect("a picture");
        let parts: Vec<&str> = graphic.splitn(4, ',').collect();
        let (bytes, total, stride) = (number(parts[0]), number(parts[1]), number(parts[2]));
        let rows = read_rows(parts[3], stride);
        assert_eq!((bytes, total), (rows.len() * stride, rows.len() * stride), "as many bytes as it says");
        let copies = number(commands.iter().find_map(|it| it.strip_prefix("PQ")).expect("copies"));
        let head = commands.iter().filter(|it| !it.starts_with("GFA") && !it.starts_with("PQ"));
        Understood { head: head.map(|it| (*it).to_owned()).collect(), copies, stride, rows }
    };
    labels.map(read).collect()
}

fn read(language: Language, bytes: &[u8]) -> Vec<Understood> {
    match language {
        Language::Tspl => read_tspl(bytes),
        Language::Zpl => read_zpl(bytes),
    }
}

fn laid_out(format: &Format, dpi: u16, count: usize) -> Paper {
    let printer = crate::dots::Printer { dpi, ..format.printer() };
    let labels = labels(if format.name == "100x150" { CodeKind::Bag } else { CodeKind::Dossier }, count);
    sheet::print(&Job { printer, ..Job::new(format, &labels, HOST) }).unwrap()
}

/// The picture of a label, from what a printer understood alone.
fn picture(label: &Understood) -> Grey {
    let (w, h) = (label.stride * 8, label.rows.len());
    let black = |x: usize, y: usize| label.rows[y][x / 8] & (0x80 >> (x % 8)) != 0;
    let dots = (0..h).flat_map(|y| (0..w).map(move |x| if black(x, y) { 0 } else { 255 }));
    Grey { w, h, dots: dots.collect() }
}

#[test]
fn the_dots_a_printer_gets_are_those_of_the_page_and_the_code_in_them_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let every = ["60x40", "100x150"].into_iter().flat_map(|name| [(name, 203), (name, 300)]);
    for ((name, dpi), language) in every.flat_map(|one| Language::ALL.map(|language| (one, language))) {
        let paper = laid_out(formats::find(name).unwrap(), dpi, 2);
        let sent = thermal::write(&paper, Roll::new(language, dpi)).unwrap();
        let labels = read(language, &sent);
        assert_eq!(labels.len(), 2, "{name} {dpi} {language:?}");
        for (at, (label, page)) in labels.iter().zip(&paper.pages).enumerate() {
            let drawn = Bitmap::draw(page, dpi).unwrap();
            assert!(drawn.rows().eq(label.rows.iter().map(Vec::as_slice)), "{name} {dpi} {language:?}");
            let kind = if name == "100x150" { CodeKind::Bag } else { CodeKind::Dossier };
            let file = folder.path().join(format!("{name}-{dpi}-{at}.pgm"));
            picture(label).write(&file);
            both_read(&file, &qr::text(HOST, codes(kind, 2)[at]));
        }
    }
}

#[test]
fn the_header_says_size_gap_copies_and_direction() {
    let paper = laid_out(formats::find("60x40").unwrap(), 203, 1);
    let roll = Roll { gap: 3_500, copies: 3, turned: true, ..Roll::new(Language::Tspl, 203) };
    let labels = read_tspl(&thermal::write(&paper, roll).unwrap());
    let head = ["SIZE 60 mm,40 mm", "GAP 3.5 mm,0 mm", "DIRECTION 0,0", "REFERENCE 0,0", "CLS"];
    assert_eq!((labels[0].head.as_slice(), labels[0].copies), (head.map(str::to_owned).as_slice(), 3));
    assert_eq!((labels[0].stride, labels[0].rows.len()), (60, 320), "8 dots to the millimetre");
    let zpl = Roll { language: Language::Zpl, ..roll };
    let labels = read_zpl(&thermal::write(&paper, zpl).unwrap());
    let head = ["MNY", "PW480", "LL320", "LH0,0", "LS0", "LT0", "POI", "FO0,0", "FS"];
    assert_eq!((labels[0].head.as_slice(), labels[0].copies), (head.map(str::to_owned).as_slice(), 3));
    let upright = thermal::write(&paper, Roll::new(Language::Zpl, 203)).unwrap();
    assert!(String::from_utf8(upright).unwrap().contains("^PON"));
}

#[test]
fn beside_the_last_dot_of_a_row_there_is_white() {
    // 60 mm are 709 dots at 300 dpi: three bits of the last byte lie beside the label.
    let paper = laid_out(formats::find("60x40").unwrap(), 300, 1);
    for language in Language::ALL {
        let labels = read(language, &thermal::write(&paper, Roll::new(language, 300)).unwrap());
        assert_eq!(labels[0].stride, 89);
        assert!(labels[0].rows.iter().all(|row| row[88] & 0b111 == 0), "{language:?}");
    }
}

#[test]
fn a_shortened_picture_is_a_fraction_of_its_digits() {
    let paper = laid_out(formats::find("60x40").unwrap(), 203, 1);
    let sent = thermal::write(&paper, Roll::new(Language::Zpl, 203)).unwrap();
    assert!(sent.len() < 60 * 320 * 2 / 4, "{} bytes", sent.len());
}

#[test]
fn nothing_is_sent_for_nothing() {
    let paper = laid_out(formats::find("60x40").unwrap(), 203, 1);
    let none = Paper { pages: Vec::new(), ..paper.clone() };
    assert_eq!(thermal::write(&none, Roll::new(Language::Zpl, 203)), Err(Error::NothingToPrint));
    let no_copy = Roll { copies: 0, ..Roll::new(Language::Tspl, 203) };
    assert_eq!(thermal::write(&paper, no_copy), Err(Error::NothingToPrint));
    assert!(matches!(thermal::write(&paper, Roll::new(Language::Tspl, 72)), Err(Error::Resolution { .. })));
}
