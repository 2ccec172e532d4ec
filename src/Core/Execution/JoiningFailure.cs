namespace GovChain.Core.Execution;

/// <summary>Why a joining file is refused.</summary>
public enum JoiningFailureKind
{
    /// <summary>The body breaks the wire profile.</summary>
    MalformedBody = 1,

    /// <summary>A field of the body breaks its rule.</summary>
    InvalidField = 2,

    /// <summary>The file is not exactly what its content would be written as.</summary>
    MalformedFile = 3,

    /// <summary>A signature of a key that the body does not name.</summary>
    UnknownKey = 4,

    /// <summary>A key that the body names has not signed.</summary>
    MissingSignature = 5,

    /// <summary>A signature is not the key's over this body.</summary>
    InvalidSignature = 6,

    /// <summary>The file was signed for another network.</summary>
    OtherNetwork = 7,

    /// <summary>The genesis lacks the department, or says something else of it.</summary>
    OtherGenesis = 8,
}

/// <summary>Why and where a joining file is refused.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Where">The field, byte offset, key or department.</param>
/// <param name="Message">A sentence for an operator.</param>
public sealed record JoiningFailure(JoiningFailureKind Kind, string Where, string Message);
