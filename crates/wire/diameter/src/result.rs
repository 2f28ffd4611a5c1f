//! Values of Result-Code (RFC 6733 §7.1, RFC 8506 §9).

/// The request was carried out.
pub const SUCCESS: u32 = 2001;
/// The request was carried out, but more is needed from the peer.
pub const LIMITED_SUCCESS: u32 = 2002;

/// The command code is not known or not served.
pub const COMMAND_UNSUPPORTED: u32 = 3001;
/// No one to hand the request to.
pub const UNABLE_TO_DELIVER: u32 = 3002;
/// The realm is not served here.
pub const REALM_NOT_SERVED: u32 = 3003;
/// Too much to do: ask someone else, or later.
pub const TOO_BUSY: u32 = 3004;
/// The application id is not served.
pub const APPLICATION_UNSUPPORTED: u32 = 3007;
/// The header's flags contradict each other.
pub const INVALID_HDR_BITS: u32 = 3008;
/// An AVP has flags that no one has defined.
pub const INVALID_AVP_BITS: u32 = 3009;
/// The peer is not one that we know.
pub const UNKNOWN_PEER: u32 = 3010;

/// Credit control: the service is refused to this user for now.
pub const END_USER_SERVICE_DENIED: u32 = 4010;
/// Credit control: the service is free, let it pass without a quota.
pub const CREDIT_CONTROL_NOT_APPLICABLE: u32 = 4011;
/// Credit control: nothing is left.
pub const CREDIT_LIMIT_REACHED: u32 = 4012;

/// An AVP with the M flag is not known.
pub const AVP_UNSUPPORTED: u32 = 5001;
/// The session is not known.
pub const UNKNOWN_SESSION_ID: u32 = 5002;
/// The user may not have this service.
pub const AUTHORIZATION_REJECTED: u32 = 5003;
/// An AVP has a value that cannot be.
pub const INVALID_AVP_VALUE: u32 = 5004;
/// An AVP that the command requires is not there.
pub const MISSING_AVP: u32 = 5005;
/// An AVP is there more often than the command allows.
pub const AVP_OCCURS_TOO_MANY_TIMES: u32 = 5009;
/// The two peers serve no application in common.
pub const NO_COMMON_APPLICATION: u32 = 5010;
/// The version in the header is not 1.
pub const UNSUPPORTED_VERSION: u32 = 5011;
/// Refused for a reason that has no code of its own.
pub const UNABLE_TO_COMPLY: u32 = 5012;
/// A bit of the header's flags is not known.
pub const INVALID_BIT_IN_HEADER: u32 = 5013;
/// An AVP's length does not fit its type or its surroundings.
pub const INVALID_AVP_LENGTH: u32 = 5014;
/// The message's length is not one that a message can have, or more than we take.
pub const INVALID_MESSAGE_LENGTH: u32 = 5015;
/// Credit control: no such user.
pub const USER_UNKNOWN: u32 = 5030;
/// Credit control: the service cannot be rated.
pub const RATING_FAILED: u32 = 5031;
