//! County departments: what they have beside being a site of kind department under the same id.
use crate::register::register;
use domain::id::SiteId;

register! {
    /// A department as it held for a while. Its name, parent and hours stand in the site of the same id.
    pub struct DepartmentRow in "department", keys 1 {
        id: SiteId = "id",
        /// Two digits, as in item codes.
        dept_no: String = "dept_no",
        /// Unified social credit code (GB 32100), 18 characters.
        uscc: String = "uscc",
        /// Government department, public institution, branch of a higher level …
        nature: String = "nature",
    }
}
