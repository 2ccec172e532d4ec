namespace GovChain.Client.Keys;

/// <summary>Why a key file or a passphrase could not be used.</summary>
public enum KeyFileError
{
    /// <summary>No file stands at the path.</summary>
    Missing = 1,

    /// <summary>A file stands where a new key was to be written.</summary>
    AlreadyExists = 2,

    /// <summary>The operating system refuses to read or write the file.</summary>
    CannotAccess = 3,

    /// <summary>People other than its owner may read or write the file.</summary>
    PermissionsTooOpen = 4,

    /// <summary>The file is larger than anything of its kind.</summary>
    TooLarge = 5,

    /// <summary>The file holds no private key in PEM, or a damaged one.</summary>
    NotAKey = 6,

    /// <summary>The file holds a private key that no passphrase protects.</summary>
    NotEncrypted = 7,

    /// <summary>The key is encrypted in a way, or with a number of rounds, that is not supported.</summary>
    UnsupportedEncryption = 8,

    /// <summary>The passphrase does not open the key.</summary>
    WrongPassphrase = 9,

    /// <summary>The key is on another curve than secp256k1.</summary>
    WrongCurve = 10,

    /// <summary>A passphrase, or a token's PIN, is needed and none of its sources is there.</summary>
    PassphraseMissing = 11,

    /// <summary>The passphrase is empty, too long or not text.</summary>
    PassphraseUnusable = 12,

    /// <summary>The two times it was typed, the passphrase was not the same.</summary>
    PassphraseMismatch = 13,
}

/// <summary>A key file or passphrase could not be used; the message says what to do, for the person who must.</summary>
public sealed class KeyFileException : Exception
{
    /// <summary>With the reason and the sentence to show.</summary>
    public KeyFileException(KeyFileError error, string message, Exception? cause = null)
        : base(message, cause) => Error = error;

    /// <summary>The reason, for programs.</summary>
    public KeyFileError Error { get; }
}
