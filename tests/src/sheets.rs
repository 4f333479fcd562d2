//! Sheets: every list leaves as CSV and XLSX in which nothing is a formula, and dossiers are registered from a sheet, exactly once
//! in effect, after a look that writes nothing.
use crate::engine::{Fresh, on_both_engines};
use crate::office::{MORNING, Office};
use crate::who_may::{Somebody, staff};
use calamine::{Data, Reader, Xlsx};
use domain::code::{Code, CodeKind};
use domain::id::Region;
use registers::person::{self, PersonRow, Role};
use reqwest::header;
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::{Cursor, Read};
use uuid::Uuid;

const COUNTY: Region = Region(441_424);
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What people might type where a name is wanted.
fn hostile() -> Vec<String> {
    let mut texts: Vec<String> = [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(1,1)",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        " =1+1",
        "\u{feff}=1+1",
        "\u{200b}=1+1",
        "\u{1}=1+1",
        "=cmd|' /C calc'!A0",
        "=HYPERLINK(\"http://evil.example\",\"看这里\")",
        "@IMPORTXML(\"//a\")",
        "'=1+1",
        "\"=1+1\"",
        "\",=1+1,\"",
        ";=1+1",
        "a\nb",
        "a\r\n=1+1",
        "a\tb",
        "_x003D_1+1",
        "_x0041_",
        "<f>1+1</f>",
        "&lt;b&gt;",
        "]]>",
        "\u{7}bell\u{1b}[31m",
        "\u{202e}txt.exe",
        "مرحبا",
        "👩‍👩‍👧‍👦 𠮷 镕",
        "\u{fffe}\u{ffff}",
        "http://evil.example",
        "mailto:a@b",
        "00123",
        "1e5",
        "TRUE",
        "-",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    texts.push("长".repeat(1000));
    texts.push(format!("={}", "A".repeat(999)));
    texts
}

/// How such a text is shown: lines end in one way, and what no XML may hold is replaced.
fn shown(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let gone = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if gone(c) { '\u{fffd}' } else { c }).collect()
}

fn cookie_of(people: &[Somebody], role: Role) -> &str {
    &people.iter().find(|one| one.role == role).expect("one for each role").cookie
}

struct Answer {
    status: u16,
    head: header::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    async fn of(request: reqwest::RequestBuilder, cookie: &str) -> Self {
        let request =
            request.header("cookie", format!("__Host-liuzhuan={cookie}")).header("sec-fetch-site", "same-origin");
        let answer = request.send().await.expect("an answer");
        let (status, head) = (answer.status().as_u16(), answer.headers().clone());
        Self { status, head, body: answer.bytes().await.expect("a body").to_vec() }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    fn is(&self, name: header::HeaderName) -> &str {
        self.head.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

async fn sheet(office: &Office, cookie: &str, list: &str) -> Answer {
    let answer = Answer::of(reqwest::Client::new().get(format!("{}/api/v1/sheets/{list}", office.url)), cookie).await;
    assert_eq!(answer.status, 200, "{list}: {}", String::from_utf8_lossy(&answer.body));
    answer
}

/// The cells of a CSV, as a program reads them.
fn of_csv(file: &[u8]) -> Vec<Vec<String>> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").expect("the mark by which Excel knows UTF-8");
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    reader.records().map(|row| row.expect("a row").iter().map(ToOwned::to_owned).collect()).collect()
}

/// The cells of a workbook, as another program reads them; no part of it holds a formula or a link.
fn of_xlsx(file: &[u8]) -> Vec<Vec<String>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).expect("a ZIP file");
    for place in 0..archive.len() {
        let mut part = archive.by_index(place).expect("a part");
        let (name, mut text) = (part.name().expect("a name").into_owned(), String::new());
        part.read_to_string(&mut text).expect("XML");
        for tag in ["<f>", "<f ", "<hyperlink", "externalLink", "ddeLink"] {
            assert!(!text.contains(tag), "{tag} in {name}");
        }
    }
    let mut book = Xlsx::new(Cursor::new(file)).expect("a workbook");
    let range = book.worksheet_range_at(0).expect("a sheet").expect("a sheet");
    let text = |cell: &Data| if let Data::String(text) = cell { text.clone() } else { cell.to_string() };
    range.rows().map(|row| row.iter().map(text).collect()).collect()
}

async fn hostile_names_leave_as_texts_and_no_cell_is_a_formula(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let mut tx = office.app.db().begin().await?;
    let change = registers::Change::begin(&mut tx, COUNTY, office.app.now()).await?;
    for (name, place) in hostile().into_iter().zip(100..) {
        person::put(&mut tx, &change, PersonRow { id: format!("h{place}").parse()?, name, phone: None }).await?;
    }
    tx.commit().await?;
    office.app.refresh().await?;
    let cookie = cookie_of(&people, Role::SecurityAdmin);
    let (csv, xlsx) =
        (sheet(&office, cookie, "people?format=csv").await, sheet(&office, cookie, "people?format=xlsx").await);
    assert_eq!(
        (csv.is(header::CONTENT_TYPE), xlsx.is(header::CONTENT_TYPE)),
        ("text/csv; charset=utf-8; header=present", XLSX)
    );
    assert_eq!(xlsx.is(header::CONTENT_DISPOSITION), "attachment; filename=\"liuzhuan-people-2026-11-02.xlsx\"");
    if let Some(folder) = std::env::var_os("SHEETS") {
        std::fs::write(std::path::Path::new(&folder).join("people.xlsx"), &xlsx.body)?;
        std::fs::write(std::path::Path::new(&folder).join("people.csv"), &csv.body)?;
    }
    let (csv, xlsx) = (of_csv(&csv.body), of_xlsx(&xlsx.body));
    assert_eq!(csv.len(), xlsx.len());
    assert_eq!(csv[0], ["账号", "姓名", "岗位"]);
    for (name, place) in hostile().iter().zip(100..) {
        let (id, shown) = (format!("h{place}"), shown(name));
        let cell = |rows: &[Vec<String>]| rows.iter().find(|row| row[0] == id).expect("a row")[1].clone();
        let (in_csv, in_xlsx) = (cell(&csv), cell(&xlsx));
        assert_eq!(in_xlsx, shown, "{name:?}");
        assert!(!in_csv.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n']), "{in_csv:?}");
        assert!(in_csv == shown || in_csv == format!("'{shown}"), "{name:?}: {in_csv:?}");
        let first = name
            .trim_start_matches(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}'));
        let begins = first.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
        assert!(!begins || in_csv.starts_with('\''), "{in_csv:?}");
    }
    office.close().await;
    Ok(())
}

async fn every_sheet_is_recorded_by_its_list_and_its_rows(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let (clerk, supervisor) = (cookie_of(&people, Role::Clerk), cookie_of(&people, Role::Supervisor));
    let (security, audit) = (cookie_of(&people, Role::SecurityAdmin), cookie_of(&people, Role::AuditAdmin));
    office.enrol("desk-1", "site", "t01").await;
    let lists = [
        (clerk, "dossiers", "dossiers", 0),
        (clerk, "bags", "bags", 0),
        (clerk, "sites/t01/queues/in_hand", "in_hand", 0),
        (clerk, "exceptions?open=false", "exceptions", 0),
        (clerk, "devices", "devices", 1),
        (clerk, "devices?q=nothing-like-it", "devices", 0),
        (clerk, "labels/prints", "prints", 0),
        (clerk, "notices?group=sent", "notices", 0),
        (supervisor, "holders/leg", "holders", 0),
        (supervisor, "couriers/courier.t01/load", "load", 0),
        (security, "people?q=clerk", "people", 1),
    ];
    for (cookie, list, _, rows) in lists {
        assert_eq!(of_csv(&sheet(&office, cookie, list).await.body).len(), rows + 1, "{list}");
    }
    let path = format!("{}/api/v1/record?name=exported", office.url);
    let record = Answer::of(reqwest::Client::new().get(&path), audit).await;
    let record: Value = serde_json::from_slice(&record.body)?;
    let said: Vec<(String, u64)> = record["items"]
        .as_array()
        .expect("items")
        .iter()
        .rev()
        .map(|it| {
            (it["body"]["what"].as_str().unwrap_or_default().to_owned(), it["body"]["rows"].as_u64().unwrap_or(99))
        })
        .collect();
    let wanted: Vec<(String, u64)> =
        lists.iter().map(|(_, _, name, rows)| (format!("{name}.csv"), *rows as u64)).collect();
    assert_eq!(said, wanted);
    let record = of_xlsx(&sheet(&office, audit, "record?format=xlsx&name=exported").await.body);
    assert_eq!((record.len(), record[1][2].as_str()), (lists.len() + 1, "导出"), "{:?}", record[1]);
    // In English, and with a list that narrows: nothing else is in it.
    let english =
        reqwest::Client::new().get(format!("{}/api/v1/sheets/people", office.url)).header("accept-language", "en");
    assert_eq!(of_csv(&Answer::of(english, security).await.body)[0], ["Account", "Name", "Posts"]);
    office.close().await;
    Ok(())
}

#[test]
fn a_sheet_is_for_whom_its_list_is() {
    let routes = api::router::routes();
    let sheets: Vec<_> = routes.iter().filter_map(|it| Some((it, it.path.strip_prefix("/api/v1/sheets")?))).collect();
    for (sheet, list) in &sheets {
        let list =
            list.strip_suffix("/{name}/dossiers").map_or((*list).to_owned(), |cases| format!("{cases}/{{name}}"));
        let read = |path: &str| routes.iter().find(|it| it.method == "GET" && it.path == path);
        let door = read(&format!("/api/v1{list}")).or_else(|| read(&list));
        assert_eq!(door.map(|it| it.action), Some(sheet.action), "{}", sheet.path);
    }
    assert!(sheets.len() >= 12, "{}", sheets.len());
}

/// A form with a file or with rows that were looked at, sent as browsers send it.
async fn send(office: &Office, cookie: &str, deed: &str, at: &str, (name, content): (&str, &[u8])) -> Answer {
    let mut body = Vec::new();
    for (field, text) in [("at", at), ("deed", deed)] {
        body.extend(format!("--cut\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{text}\r\n").bytes());
    }
    let file = if name == "file" { "; filename=\"a.csv\"" } else { "" };
    body.extend(format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n").bytes());
    body.extend(content);
    body.extend(b"\r\n--cut--\r\n");
    let request = reqwest::Client::new().post(format!("{}/register/import", office.url)).body(body);
    Answer::of(request.header("content-type", "multipart/form-data; boundary=cut"), cookie).await
}

async fn upload(office: &Office, cookie: &str, file: &[u8]) -> Answer {
    send(office, cookie, "check", "t01", ("file", file)).await
}

/// The rows that a page carries to the next step.
fn carried(page: &str) -> String {
    let rows = page.split_once("name=\"rows\" value=\"").expect("rows").1.split_once('"').expect("an end").0;
    rows.replace("&#34;", "\"").replace("&#39;", "'").replace("&#60;", "<").replace("&#62;", ">").replace("&#38;", "&")
}

async fn next(office: &Office, cookie: &str, deed: &str, page: &str) -> Answer {
    send(office, cookie, deed, "t01", ("rows", carried(page).as_bytes())).await
}

fn dossier(bits: u64) -> Code {
    Code::new(CodeKind::Dossier, bits)
}

fn label(bits: u64) -> String {
    labels::code::print(dossier(bits))
}

async fn item(office: &Office) -> String {
    office.get("/api/v1/registers/items").await["items"][0]["code"].as_str().expect("a code").to_owned()
}

async fn head(office: &Office) -> i64 {
    office.app.log().head_row().await.expect("a head").position
}

async fn a_sheet_is_looked_at_before_anything_is_written_and_registered_once(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let clerk = cookie_of(&people, Role::Clerk);
    let codes: Vec<Code> = (1..=8).map(dossier).collect();
    office.mint(&codes).await;
    let item = item(&office).await;
    let taken = json!({ "request_id": Uuid::new_v4(), "by": "li", "code": label(8), "dossier_no": "441424-OLD", "kind": "result",
        "home": "t01", "at": "t01" });
    office.post("/api/v1/dossiers", &taken).await;
    office.settled().await;
    let bag = labels::code::print(Code::new(CodeKind::Bag, 1));
    let rows = [
        (format!("{},N-1,申请,{item},wjj,t01,C-1,申请表 原件 1；身份证 复印件 2", label(1)), None),
        (format!("{},N-2,结果,{item},,t01,C-1,", label(2)), None),
        (format!("{},'=1+1,,,,t01,,", label(3)), None),
        ("D-nonsense,N-4,,,,t01,,".to_owned(), Some("不是我们的标签，或抄错了。")),
        (format!("{bag},N-5,,,,t01,,"), Some("这不是卷宗标签。")),
        (format!("{},N-6,,,,t01,,", label(99)), Some("这里没有生成过这个标签。")),
        (format!("{},N-7,,,,t01,,", label(8)), Some("这个标签已经用在别的卷宗上。")),
        (format!("{},N-8,,,,t01,,", label(1)), Some("与第 2 行重复。")),
        (format!("{},n - 2,,,,t01,,", label(4)), Some("与第 3 行重复。")),
        (format!("{},441424-OLD,,,,t01,,", label(4)), Some("已有这个编号的卷宗。")),
        (format!("{},N-11,信件,,,t01,,", label(5)), Some("应为申请、补正、副本或结果。")),
        (format!("{},N-12,,no-item,,t01,,", label(5)), Some("目录中没有这个事项。")),
        (format!("{},N-13,,,nowhere,t01,,", label(6)), Some("没有这个网点。")),
        (format!("{},N-14,,,,,,", label(6)), Some("必须填写。")),
        (format!("{},N-15,,,,t01,,申请表 原件 零", label(7)), Some("的份数不对")),
        (format!("{},N-16,,,,t01,C-9,", label(7)), Some("请填写事项。")),
    ];
    let mut text = "标签,卷宗编号,类别,事项,送往,领取地点,办件编号,材料\r\n".to_owned();
    rows.iter().for_each(|(row, _)| write!(text, "{row}\r\n").expect("text"));
    let before = head(&office).await;
    let (gb, _, _) = encoding_rs::GB18030.encode(&text);
    let page = upload(&office, clerk, &gb).await;
    assert_eq!(page.status, 200, "{}", page.text());
    assert_eq!(head(&office).await, before, "looking writes nothing");
    assert!(page.text().contains("可以登记 3 行，有误 13 行，此前已登记 0 行。"), "{}", page.text());
    for (row, wrong) in &rows {
        let Some(wrong) = wrong else { continue };
        let number = row.split(',').nth(1).expect("a number");
        let lines: Vec<&str> = page.text().lines().filter(|line| line.contains(&format!(">{number}</td>"))).collect();
        assert!(lines.iter().any(|line| line.contains(wrong)), "{row}: {lines:?}");
    }
    let to_mend = next(&office, clerk, "mend", page.text()).await;
    let to_mend = of_csv(&to_mend.body);
    assert_eq!((to_mend.len(), to_mend[0][8].as_str(), to_mend[1][8].as_str()), (14, "行", "5"));
    let done = next(&office, clerk, "register", page.text()).await;
    assert!(done.text().contains("已登记 3 行，此前已登记 0 行，未登记 13 行。"), "{}", done.text());
    // Two dossiers in one case that was filed along, and a number that looks like a formula is what was meant.
    let after = head(&office).await;
    assert_eq!(after, before + 4, "three dossiers and one case");
    office.settled().await;
    let case = office.get("/api/v1/cases/C-1").await;
    assert_eq!(case["dossiers"].as_array().map(Vec::len), Some(2), "{case}");
    assert_eq!(office.get(&format!("/api/v1/dossiers/{}", label(3))).await["dossier_no"], "=1+1");
    // Sent again, whole or from the page that was looked at, nothing is done again.
    for deed in ["check", "register"] {
        let again = if deed == "check" {
            upload(&office, clerk, text.as_bytes()).await
        } else {
            next(&office, clerk, deed, page.text()).await
        };
        assert!(again.text().contains("此前已登记 3 行"), "{}", again.text());
        assert_eq!(head(&office).await, after);
    }
    // What was mended is registered; what was registered before stays so.
    let mended = format!("问题,标签,卷宗编号,领取地点\nx,{},N-14,t01\n,{},N-7,t01", label(6), label(8));
    let page = upload(&office, clerk, mended.as_bytes()).await;
    let done = next(&office, clerk, "register", page.text()).await;
    assert!(done.text().contains("已登记 1 行，此前已登记 0 行，未登记 1 行。"), "{}", done.text());
    assert_eq!(head(&office).await, after + 1);
    office.close().await;
    Ok(())
}

/// More rows than a page of a list, and than one commit takes; from a workbook.
async fn a_thousand_rows_of_a_workbook_come_in_and_go_out_whole(fresh: Fresh) -> anyhow::Result<()> {
    const ROWS: u32 = 1_050;
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let clerk = cookie_of(&people, Role::Clerk);
    office.mint(&(1..=u64::from(ROWS)).map(dossier).collect::<Vec<_>>()).await;
    let mut book = rust_xlsxwriter::Workbook::new();
    let cells = book.add_worksheet();
    for (head, column) in ["label", "dossier_no", "home"].iter().zip(0..) {
        cells.write_string(0, column, *head)?;
    }
    for row in 1..=ROWS {
        cells.write_string(row, 0, label(row.into()))?;
        // A number as Excel keeps one.
        cells.write_number(row, 1, 20_261_102_000.0 + f64::from(row))?;
        cells.write_string(row, 2, "t01")?;
    }
    let page = upload(&office, clerk, &book.save_to_buffer()?).await;
    assert!(page.text().contains("可以登记 1050 行") && page.text().contains("另有 950 行可以登记"), "{}", page.status);
    let done = next(&office, clerk, "register", page.text()).await;
    assert!(done.text().contains("已登记 1050 行"), "{}", done.text());
    // What may be seen follows the log.
    office.settled().await;
    let dossiers = of_csv(&sheet(&office, clerk, "dossiers").await.body);
    assert_eq!(dossiers.len() as u32, ROWS + 1);
    assert!(dossiers.iter().any(|row| row[1] == "20261102001"));
    let queue = of_xlsx(&sheet(&office, clerk, "sites/t01/queues/in_hand?format=xlsx").await.body);
    let mut numbers: Vec<&str> = queue.iter().skip(1).map(|row| row[1].as_str()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len() as u32, ROWS);
    office.close().await;
    Ok(())
}

async fn what_is_no_sheet_or_not_theirs_is_said_and_nothing_is_written(fresh: Fresh) -> anyhow::Result<()> {
    let office = Office::open(&fresh.url, COUNTY, MORNING).await;
    let people = staff(&office, "t01").await?;
    let clerk = cookie_of(&people, Role::Clerk);
    office.mint(&[dossier(1)]).await;
    let before = head(&office).await;
    let large = vec![b'a'; 5 * 1024 * 1024 + 1];
    let many = format!("label,dossier_no,home\n{}", "a,b,c\n".repeat(5001));
    for (file, status, says) in [
        (b"".as_slice(), 422, "请选择一个表格文件。"),
        (b"\x89PNG\r\n\x1a\n\xff\xff", 422, "文字编码无法识别"),
        (b"PK\x03\x04 broken", 422, "文件已损坏"),
        (&large, 413, "文件太大"),
        (many.as_bytes(), 422, "最多 5000 行"),
        (b"label,home\na,b", 422, "缺少必填的列“卷宗编号”。"),
        (b"label,dossier_no,home,<script>\na,b,c,d", 422, "不认识的列“&#60;script&#62;”"),
        (b"label,dossier_no,home", 422, "表格里没有内容"),
    ] {
        let page = upload(&office, clerk, file).await;
        assert_eq!(page.status, status, "{says}");
        assert!(page.text().contains(says), "{says}: {}", page.text());
    }
    let elsewhere = format!("label,dossier_no,home\n{},N-1,t02", label(1));
    let page = send(&office, clerk, "check", "", ("file", elsewhere.as_bytes())).await;
    assert!(page.text().contains("与您的网点无关"), "{}", page.text());
    let done = send(&office, clerk, "register", "", ("rows", carried(page.text()).as_bytes())).await;
    assert!(done.text().contains("已登记 0 行，此前已登记 0 行，未登记 1 行。"), "{}", done.text());
    let beyond = send(&office, clerk, "check", "t02", ("file", elsewhere.as_bytes())).await;
    assert!(beyond.status == 422 && beyond.text().contains("没有这个网点"), "{}", beyond.status);
    assert_eq!(head(&office).await, before);
    let template =
        Answer::of(reqwest::Client::new().get(format!("{}/register/import/template?format=xlsx", office.url)), clerk)
            .await;
    assert_eq!(of_xlsx(&template.body)[0][..3], ["标签", "卷宗编号", "类别"]);
    office.close().await;
    Ok(())
}

on_both_engines!(
    hostile_names_leave_as_texts_and_no_cell_is_a_formula,
    every_sheet_is_recorded_by_its_list_and_its_rows,
    a_sheet_is_looked_at_before_anything_is_written_and_registered_once,
    a_thousand_rows_of_a_workbook_come_in_and_go_out_whole,
    what_is_no_sheet_or_not_theirs_is_said_and_nothing_is_written,
);
