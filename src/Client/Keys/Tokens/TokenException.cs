namespace GovChain.Client.Keys.Tokens;

/// <summary>Why a key in a PKCS#11 token could not be used.</summary>
public enum TokenError
{
    /// <summary>The text is no PKCS#11 URI (RFC 7512) of a key, or says something that is refused, such as a PIN.</summary>
    TokenUriInvalid = 1,

    /// <summary>No file stands where the module, the token's driver, is said to be.</summary>
    TokenModuleMissing = 2,

    /// <summary>The module cannot be loaded, is none for PKCS#11, or refuses to begin.</summary>
    TokenModuleUnusable = 3,

    /// <summary>The module has no token that the URI describes.</summary>
    TokenMissing = 4,

    /// <summary>The URI describes several tokens.</summary>
    TokenAmbiguous = 5,

    /// <summary>The token does not take the PIN, or none was ever set.</summary>
    TokenPinWrong = 6,

    /// <summary>The token has locked the PIN, after too many wrong ones or because it must be changed.</summary>
    TokenPinLocked = 7,

    /// <summary>The token holds no private key that the URI describes.</summary>
    TokenKeyMissing = 8,

    /// <summary>The URI describes several keys of the token, or a key with several public halves.</summary>
    TokenKeyAmbiguous = 9,

    /// <summary>A key stands in the token where a new one was to be made.</summary>
    TokenKeyExists = 10,

    /// <summary>The key is on another curve than secp256k1, or of another kind than elliptic-curve keys.</summary>
    TokenKeyWrongCurve = 11,

    /// <summary>The key cannot sign for a program: its public half is not in the token, or each signature wants a PIN of its own.</summary>
    TokenKeyUnusable = 12,

    /// <summary>The token makes no secp256k1 keys that cannot leave it, or does not sign with them.</summary>
    TokenUnsupported = 13,

    /// <summary>The token was there and is gone.</summary>
    TokenRemoved = 14,

    /// <summary>The token or its module failed; the code that it gave is in the message.</summary>
    TokenFailed = 15,

    /// <summary>The token gave a signature that its own public key does not verify. It has not left this program.</summary>
    TokenSignatureWrong = 16,
}

/// <summary>A key in a PKCS#11 token could not be used; the message says what to do, for the person who must.</summary>
public sealed class TokenException : Exception
{
    /// <summary>With the reason and the sentence to show, which never holds a PIN.</summary>
    public TokenException(TokenError error, string message, Exception? cause = null)
        : base(message, cause) => Error = error;

    /// <summary>The reason, for programs.</summary>
    public TokenError Error { get; }
}
