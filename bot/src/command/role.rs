//! Who may ask what: four roles, and which covers which.

use serde::{Deserialize, Serialize};

/// What a person is to the bot. Operating and approving are two separate trusts: neither includes the
/// other, so that one person alone cannot ask for a change and wave it through.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May look.
    Viewer,
    /// May change what runs.
    Operator,
    /// May say yes or no to what waits for approval.
    Approver,
    /// May do everything.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Operator, Role::Approver, Role::Admin];

    /// Whether someone with this role may do what asks for the role `needed`.
    pub fn allows(self, needed: Role) -> bool {
        match (self, needed) {
            (Role::Admin, _) | (_, Role::Viewer) => true,
            (Role::Operator, Role::Operator) | (Role::Approver, Role::Approver) => true,
            (Role::Viewer | Role::Operator | Role::Approver, _) => false,
        }
    }

    /// The word for it, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Approver => "approver",
            Role::Admin => "admin",
        }
    }

    /// The role with this name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name().eq_ignore_ascii_case(name))
    }
}
