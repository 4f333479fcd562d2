//! The files as a whole, together with what is registered: duplicates, unknown sites, rings of parents. Changes nothing.
use super::error::{Place, Problem};
use super::json::DepartmentEntry;
use super::sheet::{Findings, Found};
use super::{Files, Registered};
use crate::department::DepartmentRow;
use crate::register::{Register, key};
use crate::site::{SiteRow, kind_text};
use domain::id::SiteId;
use domain::network::SiteKind;
use std::collections::{HashMap, HashSet};

/// Judges everything, after the departments were turned into sites.
pub fn whole(files: &Files, registered: &Registered, findings: &mut Findings) {
    no_duplicates(&files.sites, findings);
    no_duplicates(&files.departments, findings);
    no_duplicates(&files.legs, findings);
    no_duplicates(&files.items, findings);
    no_duplicates(&files.shelves, findings);
    no_year_twice(files, findings);
    let sites: HashSet<&SiteId> = registered.sites().chain(files.sites.iter().map(|found| &found.row.id)).collect();
    for found in &files.sites {
        let (place, row) = (found.field("parent"), &found.row);
        match &row.parent {
            Some(parent) => known(&sites, parent, &place, findings),
            None if row.kind != SiteKind::Hub => findings.at(&place, Problem::ParentMissing(kind_text(row.kind))),
            None => {}
        }
    }
    for found in &files.legs {
        known(&sites, &found.row.from, &found.field("from"), findings);
        known(&sites, &found.row.to, &found.field("to"), findings);
    }
    for found in &files.shelves {
        known(&sites, &found.row.site, &found.field("site"), findings);
    }
    departments_of_items(files, registered, findings);
    no_ring_of_parents(files, registered, findings);
}

fn known(sites: &HashSet<&SiteId>, site: &SiteId, place: &Place, findings: &mut Findings) {
    if !sites.contains(site) {
        findings.at(place, Problem::UnknownSite(site.to_string()));
    }
}

fn no_duplicates<T: Register>(rows: &[Found<T>], findings: &mut Findings) {
    let mut seen: HashMap<Vec<String>, &Place> = HashMap::new();
    for found in rows {
        let key = key(&found.row);
        if let Some(first) = seen.get(&key) {
            let first = format!("{}, line {}", first.file, first.line);
            findings.at(&found.place, Problem::Duplicate { key: key.join(" "), first });
        } else {
            seen.insert(key, &found.place);
        }
    }
}

fn no_year_twice(files: &Files, findings: &mut Findings) {
    let mut seen: HashMap<i32, &Place> = HashMap::new();
    for found in &files.years {
        if let Some(first) = seen.insert(found.row.0, &found.place) {
            let first = format!("{}, line {}", first.file, first.line);
            findings.at(&found.place, Problem::Duplicate { key: found.row.0.to_string(), first });
        }
    }
}

fn departments_of_items(files: &Files, registered: &Registered, findings: &mut Findings) {
    let in_files = files.departments.iter().map(|found| &found.row.id);
    let departments: HashSet<_> = registered.departments.iter().map(|dated| &dated.row.id).chain(in_files).collect();
    for found in &files.items {
        let joint = found.row.joint_departments.0.iter().map(|id| (id, "joint_depts"));
        for (id, field) in std::iter::once((&found.row.department, "dept_id")).chain(joint) {
            if !departments.contains(id) {
                findings.at(&found.field(field), Problem::UnknownDepartment(id.to_string()));
            }
        }
    }
}

/// Each ring is told once, at the first of its sites in the files.
fn no_ring_of_parents(files: &Files, registered: &Registered, findings: &mut Findings) {
    let mut parents: HashMap<&SiteId, Option<&SiteId>> = HashMap::new();
    parents.extend(registered.sites.iter().map(|dated| (&dated.row.id, dated.row.parent.as_ref())));
    parents.extend(files.sites.iter().map(|found| (&found.row.id, found.row.parent.as_ref())));
    let mut told: HashSet<&SiteId> = HashSet::new();
    for found in &files.sites {
        let mut way = vec![&found.row.id];
        let mut at = &found.row.id;
        while let Some(Some(parent)) = parents.get(at).copied() {
            if *parent == found.row.id {
                if !told.contains(at) {
                    let names: Vec<_> = way.iter().map(ToString::to_string).collect();
                    findings.at(&found.field("parent"), Problem::ParentRing(names.join(" → ")));
                }
                told.extend(&way);
                break;
            }
            if way.contains(&parent) {
                break;
            }
            way.push(parent);
            at = parent;
        }
    }
}

/// Turns the departments of a file into sites that hang on the hub, and departments.
pub fn departments(
    entries: Vec<Found<DepartmentEntry>>,
    files: &mut Files,
    registered: &Registered,
    findings: &mut Findings,
) {
    let in_files = files.sites.iter().map(|found| &found.row);
    let all = registered.sites.iter().map(|dated| &dated.row).chain(in_files);
    let hubs: HashMap<SiteId, String> =
        all.filter(|site| site.kind == SiteKind::Hub).map(|site| (site.id.clone(), site.hours.clone())).collect();
    for found in entries {
        let named = found.row.parent.as_ref().and_then(|parent| parent.parse::<SiteId>().ok());
        let only = || if hubs.len() == 1 { hubs.keys().next().cloned() } else { None };
        let Some(parent) = named.or_else(only) else {
            findings.at(&found.field("parent"), Problem::HubUnclear(hubs.len()));
            continue;
        };
        // Unless the file says otherwise, a department is open when its circulation centre is.
        let hours = found.row.hours.clone().or_else(|| hubs.get(&parent).cloned()).unwrap_or_default();
        let Ok(id) = found.row.id.parse::<SiteId>() else { continue };
        let Found { row, place, from, to } = found;
        let site = SiteRow {
            id: id.clone(),
            kind: SiteKind::Department,
            parent: Some(parent),
            name: row.name,
            name_en: row.name_en,
            division_code: None,
            hours,
            acts_as: None,
            slot: None,
            address: row.address,
            phone: row.phone,
        };
        let department = DepartmentRow { id, dept_no: row.dept_no, uscc: row.uscc, nature: row.nature };
        files.sites.push(Found { row: site, place: place.clone(), from, to });
        files.departments.push(Found { row: department, place, from, to });
    }
}
