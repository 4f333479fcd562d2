//! Files that must not be taken, and what is said of each; pure, without a database.
use super::*;

const SITES: &str = "id,kind,parent,name,hours\nhub,hub,,Hub,08:00-12:00\nt1,centre,hub,Town,\n";
const DEPARTMENTS: &str = r#"{"departments": [
  {"id": "wjj", "dept_no": "23", "name": "卫生健康局", "uscc_synthetic": "11441424TEXT001644"}
]}"#;

/// Everything that is said of these files, against empty registers.
fn said(files: &[(&str, &[u8])]) -> Vec<String> {
    let (mut read, mut findings, mut entries) = (Files::default(), Findings::default(), Vec::new());
    for (name, bytes) in files {
        entries.append(&mut read.take(name, bytes, &mut findings));
    }
    check::departments(entries, &mut read, &Registered::default(), &mut findings);
    check::whole(&read, &Registered::default(), &mut findings);
    findings.0.iter().map(ToString::to_string).collect()
}

fn said_of(files: &[(&str, &str)]) -> Vec<String> {
    said(&files.iter().map(|(name, text)| (*name, text.as_bytes())).collect::<Vec<_>>())
}

/// Begins of the messages, which name file, line and field.
fn places(files: &[(&str, &str)]) -> Vec<String> {
    let begin = |text: String| text.split("`: ").next().unwrap_or_default().replace("`", "");
    said_of(files).into_iter().map(begin).collect()
}

fn sites(lines: &str) -> String {
    format!("{SITES}{lines}")
}

#[test]
fn the_county_in_the_program_is_without_fault() {
    assert_eq!(said(crate::WUHUA), Vec::<String>::new());
}

#[test]
fn every_error_is_told_at_once_with_its_file_line_and_field() {
    let legs = "from,to,least_minutes,most_minutes\nt1,hub,9,5\nt1,t1,1,2\nt1,x,one,2\n";
    let wrong = sites("t1,centre,hub,Twice,\ns1,village,t1,,8-12\n");
    assert_eq!(
        places(&[("a.csv", &wrong), ("b.csv", legs)]),
        [
            "a.csv, line 5, field kind",
            "a.csv, line 5, field name",
            "a.csv, line 5, field hours",
            "b.csv, line 2, field least_minutes",
            "b.csv, line 3, field to",
            "b.csv, line 4, field least_minutes",
            "a.csv, line 4, field id",
        ]
    );
}

#[test]
fn a_message_says_what_to_do() {
    let all = said_of(&[("s.csv", &sites("s1,station,t9,Village,\n"))]);
    assert_eq!(
        all,
        [
            "s.csv, line 4, field `parent`: site `t9` is neither in these files nor registered: add it, or correct the id"
        ]
    );
}

#[test]
fn lines_are_counted_right_where_they_end_in_cr_lf_or_fields_span_lines() {
    let crlf = sites("\ns1,station,t9,\"Village\nof two lines\",\ns2,station,t9,Village,\n").replace('\n', "\r\n");
    assert_eq!(places(&[("s.csv", &crlf)]), ["s.csv, line 5, field parent", "s.csv, line 7, field parent"]);
}

#[test]
fn a_byte_order_mark_is_passed_over_and_another_encoding_is_named() {
    assert!(said_of(&[("s.csv", &format!("\u{feff}{SITES}"))]).is_empty());
    let gbk: &[u8] = b"id,kind,parent,name,hours\nhub,hub,,\xCE\xE5\xBB\xAA,\n";
    assert!(said(&[("s.csv", gbk)])[0].contains("CSV UTF-8"));
}

#[test]
fn a_file_of_another_kind_is_not_guessed_at() {
    for text in ["a,b\n1,2\n", "{\"x\": 1}", ""] {
        assert!(said_of(&[("x", text)])[0].contains("none of the files"), "{text}");
    }
}

#[test]
fn a_missing_column_is_told_once() {
    assert_eq!(places(&[("s.csv", "id,kind,name,hours\nhub,hub,H,\nt1,centre,T,\n")]), ["s.csv, line 1, field parent"]);
}

#[test]
fn a_ring_of_parents_is_told_once() {
    let ring = sites("x,centre,y,X,\ny,centre,z,Y,\nz,centre,x,Z,\nw,station,x,W,\n");
    let all = said_of(&[("s.csv", &ring)]);
    assert_eq!(all.len(), 1, "{all:?}");
    assert!(all[0].starts_with("s.csv, line 4, field `parent`: the parents run in a ring (x → y → z)"), "{}", all[0]);
}

#[test]
fn only_a_hub_stands_alone_and_only_a_station_acts_for_another() {
    let text = "id,kind,parent,name,hours,acts_as\nt1,centre,,T,,\nh,hub,,H,,agent\n";
    assert_eq!(places(&[("s.csv", text)]), ["s.csv, line 3, field acts_as", "s.csv, line 2, field parent"]);
}

#[test]
fn departments_need_one_hub_or_a_named_one() {
    assert_eq!(places(&[("d.json", DEPARTMENTS)]), ["d.json, line 2, field parent"]);
    assert!(said_of(&[("s.csv", SITES), ("d.json", DEPARTMENTS)]).is_empty());
    let two = sites("hub2,hub,hub,Second,\n");
    assert_eq!(places(&[("s.csv", &two), ("d.json", DEPARTMENTS)]), ["d.json, line 2, field parent"]);
    let named = DEPARTMENTS.replace("\"dept_no\"", "\"parent\": \"hub2\", \"dept_no\"");
    assert!(said_of(&[("s.csv", &two), ("d.json", &named)]).is_empty());
}

#[test]
fn a_site_and_a_department_cannot_have_one_id() {
    let all = said_of(&[("s.csv", &sites("wjj,centre,hub,W,\n")), ("d.json", DEPARTMENTS)]);
    assert_eq!(all, ["d.json, line 2, field `id`: `wjj` stands already in s.csv, line 4: delete one of the two"]);
}

#[test]
fn an_item_names_departments_that_exist_and_numbers_that_are_numbers() {
    let (_, items) = crate::WUHUA[3];
    let text = std::str::from_utf8(items).unwrap();
    let mut lines: Vec<String> = text.lines().take(3).map(str::to_owned).collect();
    lines[1] = lines[1].replacen(",20,", ",twenty,", 1).replacen("申请书=O1", "申请书=Q1", 1);
    lines[2] = lines[2].replacen(",wjj,", ",nobody,", 1);
    let text = lines.join("\n");
    let all = places(&[("s.csv", SITES), ("d.json", DEPARTMENTS), ("i.csv", &text)]);
    let line = |n, field| format!("i.csv, line {n}, field {field}");
    assert_eq!(all, [line(2, "legal_limit"), line(2, "materials"), line(3, "dept_id")]);
}

#[test]
fn a_calendar_must_make_the_working_days_it_states() {
    let year = |count: u32, date: &str| {
        format!(
            "{{\"years\": {{\"2026\": {{\"workday_count\": {count},\n\"holidays\": [\n{{\"date\": \"{date}\"}}], \
             \"makeup_workdays\": []}}}}}}"
        )
    };
    assert!(said_of(&[("c.json", &year(260, "2026-01-01"))]).is_empty());
    assert!(
        said_of(&[("c.json", &year(248, "2026-01-01"))])[0].contains("states 248 working days, but its dates make 260")
    );
    assert_eq!(places(&[("c.json", &year(260, "2025-01-01"))]), ["c.json, line 3, field date"]);
    assert_eq!(places(&[("c.json", &year(260, "2026-02-30"))]), ["c.json, line 3, field date"]);
}

#[test]
fn dates_of_validity_are_those_of_shanghai_and_in_order() {
    let text = "id,kind,parent,name,hours,valid_from,valid_to\nh,hub,,H,,2026-01-01,2026-03-01\ng,hub,,G,,2026-03-01,2026-03-01\n";
    assert_eq!(places(&[("s.csv", text)]), ["s.csv, line 3, field valid_to"]);
    let mut files = Files::default();
    files.take("s.csv", text.as_bytes(), &mut Findings::default());
    assert_eq!(files.sites[0].from, Some(Timestamp(1_767_196_800_000)));
}

#[test]
fn broken_json_is_told_with_its_line() {
    assert_eq!(places(&[("d.json", "{\"departments\": [\n  {\"id\": 7}\n]}")]), ["d.json, line 2, field departments"]);
    assert_eq!(places(&[("d.json", "{\"departments\": [\n  {\"id\"\n]}")]), ["d.json, line 3, field departments"]);
}
