//! Scans that somebody records at a desk: typed or read by a wedge scanner into a page's box, one for each form. They come
//! through the same door as a handheld's and are recorded in the name of who signed in, at one of the own sites.
//!
//! A scan names the device that read it. A browser at a desk is none that was enrolled, so it stands as `desk`, and the
//! session is its installation: two desks of one person are told apart, and a second read of one thing within a minute is
//! the repeat that it is. The server's clock counts for its sequence, in milliseconds; it rises, with gaps.
use crate::access::Permit;
use crate::app::App;
use crate::problem::Problem;
use crate::v1::scan::Wire;
use crate::v1::scans::{self, Outcome};
use domain::id::{InstallationId, ScanId, SiteId};
use domain::scan::{Action, ActionBy, Details, Mode};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How a browser at a desk is called where a device is named.
pub const DEVICE: &str = "desk";

/// What one form says.
#[derive(Clone, Debug)]
pub struct DeskScan {
    /// Made for the form.
    pub form: Uuid,
    /// Where the person stands.
    pub at: SiteId,
    /// The label that was read.
    pub code: String,
    pub mode: Mode,
    /// Label of the bag whose page it is.
    pub bag: Option<String>,
    /// What it did, where the person said so; without it the rule table is read.
    pub action: Option<Action>,
    pub details: Details,
}

impl DeskScan {
    /// The scan's id: of the form *and* what it says. Sent again, a form is the same scan; gone back to and filled with
    /// another label, it is another scan, and not lost.
    fn id(&self) -> Result<ScanId, Problem> {
        let said = (&self.form, &self.at, &self.code, self.mode, &self.bag, self.action, &self.details);
        let said = serde_json::to_vec(&said).map_err(|error| Problem::internal(&error))?;
        let hash = Sha256::digest(said);
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash[..16]);
        Ok(ScanId(Uuid::new_v8(bytes)))
    }

    fn wire(self, app: &App, permit: &Permit) -> Result<Wire, Problem> {
        let (staff, now) = (permit.staff()?, app.now());
        Ok(Wire {
            scan_id: self.id()?,
            code: self.code,
            mode: self.mode,
            bag: self.bag,
            stop: Some(self.at.to_string()),
            actor: staff.person.clone(),
            device: DEVICE.parse().map_err(|_| Problem::internal(&"`desk` is a device's id"))?,
            installation: InstallationId(staff.session),
            seq: now.0.unsigned_abs(),
            wall_ms: now,
            mono_ms: now.0,
            action: self.action,
            action_by: self.action.map(|_| ActionBy::Person),
            absent: Vec::new(),
            details: self.details,
        })
    }
}

/// Records one scan; `None` if this form recorded it before.
///
/// # Errors
/// A site where the asker does not scan, a text that is no label of ours, or the log's own.
pub async fn record(app: &App, permit: &Permit, scan: DeskScan) -> Result<Option<Outcome>, Problem> {
    permit.site(app, scan.at.as_str())?;
    let wire = scan.wire(app, permit)?;
    let outcome = scans::record(app, &permit.who, vec![Ok(wire)], 0).await?.pop();
    let outcome = outcome.ok_or_else(|| Problem::internal(&"a scan without a result"))?;
    match &outcome.problem {
        // The time of the second sending differs, and nothing else can.
        Some(problem) if problem.kind.ends_with(":id-reused") => Ok(None),
        Some(problem) => Err(problem.clone()),
        None => Ok(Some(outcome)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(form: u128, code: &str) -> ScanId {
        let at = "t01".parse().unwrap();
        let (mode, details) = (Mode::Pack, Details::default());
        let scan =
            DeskScan { form: Uuid::from_u128(form), at, code: code.to_owned(), mode, bag: None, action: None, details };
        scan.id().unwrap()
    }

    #[test]
    fn a_form_sent_twice_is_one_scan_and_with_another_label_another() {
        assert_eq!(scan(1, "A"), scan(1, "A"));
        assert_ne!(scan(1, "A"), scan(1, "B"));
        assert_ne!(scan(1, "A"), scan(2, "A"));
    }
}
