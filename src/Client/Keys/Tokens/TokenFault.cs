using Net.Pkcs11Interop.Common;

namespace GovChain.Client.Keys.Tokens;

/// <summary>What a module's return codes mean to whoever uses the token.</summary>
internal static class TokenFault
{
    /// <summary>Whether a session is of no use any more while the token may be: it is worth opening another one.</summary>
    public static bool IsSessionLost(CKR code) => code is CKR.CKR_SESSION_HANDLE_INVALID or CKR.CKR_SESSION_CLOSED
        or CKR.CKR_USER_NOT_LOGGED_IN or CKR.CKR_OBJECT_HANDLE_INVALID or CKR.CKR_KEY_HANDLE_INVALID
        or CKR.CKR_DEVICE_REMOVED or CKR.CKR_TOKEN_NOT_PRESENT;

    /// <summary>The error for what the module answered.</summary>
    public static TokenException Explain(Pkcs11Exception fault, TokenUri uri)
    {
        string token = $"the token \"{uri.TokenName}\"";
        return fault.RV switch
        {
            CKR.CKR_PIN_INCORRECT or CKR.CKR_PIN_INVALID or CKR.CKR_PIN_LEN_RANGE => new(TokenError.TokenPinWrong,
                $"The PIN is not that of {token}. Tokens lock themselves after a few wrong ones: make sure of it before the next try.", fault),
            CKR.CKR_USER_PIN_NOT_INITIALIZED => new(TokenError.TokenPinWrong,
                $"No user PIN was ever set in {token}. Set one with the token's own tool.", fault),
            CKR.CKR_PIN_LOCKED => new(TokenError.TokenPinLocked,
                $"The PIN of {token} is locked. The token's security officer unlocks it, or sets a new one, with the token's own tool.", fault),
            CKR.CKR_PIN_EXPIRED => new(TokenError.TokenPinLocked,
                $"The PIN of {token} has expired. Change it with the token's own tool.", fault),
            CKR.CKR_DEVICE_REMOVED or CKR.CKR_TOKEN_NOT_PRESENT or CKR.CKR_SLOT_ID_INVALID => new(TokenError.TokenRemoved,
                $"It is gone: {token}. Insert it or mend the connection to it, and start again.", fault),
            CKR.CKR_MECHANISM_INVALID or CKR.CKR_CURVE_NOT_SUPPORTED or CKR.CKR_DOMAIN_PARAMS_INVALID or CKR.CKR_KEY_FUNCTION_NOT_PERMITTED
                or CKR.CKR_TEMPLATE_INCONSISTENT or CKR.CKR_ATTRIBUTE_VALUE_INVALID => new(TokenError.TokenUnsupported,
                $"It cannot do this: {token}. {fault.Method} gave {fault.RV}. It must make secp256k1 keys that never leave it and sign with "
                + "CKM_ECDSA; ask its maker, or use another one.", fault),
            _ => new(TokenError.TokenFailed,
                $"It failed: {token}. {fault.Method} gave {fault.RV}. Look into the module's own log; it may serve again when it is started anew.",
                fault),
        };
    }
}
