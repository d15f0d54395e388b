//! The methods that exist, by name: what a caller writes into a path becomes no name in telemetry.

/// Every method of the contract and of the health check, in byte order.
const METHODS: [&str; 35] = [
    "grpc.health.v1.Health/Check",
    "grpc.health.v1.Health/Watch",
    "identity.v1.AdminService/DeleteSuppression",
    "identity.v1.AdminService/DisableUser",
    "identity.v1.AdminService/DrainProvider",
    "identity.v1.AdminService/EnableUser",
    "identity.v1.AdminService/ExplainLimits",
    "identity.v1.AdminService/FindUser",
    "identity.v1.AdminService/GetDelivery",
    "identity.v1.AdminService/GetLockout",
    "identity.v1.AdminService/GetPolicy",
    "identity.v1.AdminService/GetSuppression",
    "identity.v1.AdminService/GetUser",
    "identity.v1.AdminService/ListProviders",
    "identity.v1.AdminService/ResumeProvider",
    "identity.v1.AdminService/SetUserRoles",
    "identity.v1.AdminService/SimulatePolicy",
    "identity.v1.AdminService/Unlock",
    "identity.v1.IdentityService/CompleteSignIn",
    "identity.v1.IdentityService/InspectMagicLink",
    "identity.v1.IdentityService/RedeemMagicLink",
    "identity.v1.IdentityService/RefreshToken",
    "identity.v1.IdentityService/RejectMagicLink",
    "identity.v1.IdentityService/ResendOtp",
    "identity.v1.IdentityService/SendMagicLink",
    "identity.v1.IdentityService/SendOtp",
    "identity.v1.IdentityService/SignOut",
    "identity.v1.IdentityService/VerifyOtp",
    "identity.v1.IdentityService/WatchChallenge",
    "identity.v1.SessionService/GetCurrentUser",
    "identity.v1.SessionService/ListSessions",
    "identity.v1.SessionService/RevokeOtherSessions",
    "identity.v1.SessionService/RevokeSession",
    "identity.v1.TokenService/GetJwks",
    "identity.v1.TokenService/ValidateToken",
];

/// The methods, and `other` for what is none, by their places.
pub(in crate::grpc) const NAMES: [&str; METHODS.len() + 1] = {
    let mut names = ["other"; METHODS.len() + 1];
    let mut at = 0;
    while at < METHODS.len() {
        names[at] = METHODS[at];
        at += 1;
    }
    names
};

/// The place of a path's method in `NAMES`.
pub(in crate::grpc) fn place(path: &str) -> usize {
    let name = path.strip_prefix('/').unwrap_or(path);
    METHODS.binary_search(&name).unwrap_or(METHODS.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grpc::proto::FILE_DESCRIPTOR_SET;
    use prost::Message as _;

    #[test]
    fn all_of_the_contract() {
        let set = prost_types::FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap();
        let mut names = vec!["grpc.health.v1.Health/Check".to_owned(), "grpc.health.v1.Health/Watch".to_owned()];
        for file in &set.file {
            for service in &file.service {
                names.extend(
                    service.method.iter().map(|m| format!("{}.{}/{}", file.package(), service.name(), m.name())),
                );
            }
        }
        names.sort();
        assert_eq!(names, METHODS);
    }

    #[test]
    fn and_nothing_else() {
        let at = |path| NAMES[place(path)];
        assert_eq!(at("/identity.v1.TokenService/ValidateToken"), "identity.v1.TokenService/ValidateToken");
        assert_eq!(at("/identity.v1.TokenService/ada@example.com"), "other");
        assert_eq!(at(""), "other");
    }
}
