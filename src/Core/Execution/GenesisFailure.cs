namespace GovChain.Core.Execution;

/// <summary>Why a genesis is refused.</summary>
public enum GenesisFailureKind
{
    /// <summary>The body breaks the wire profile.</summary>
    MalformedBody = 1,

    /// <summary>A field of the body breaks its rule.</summary>
    InvalidField = 2,

    /// <summary>The file is not exactly what its content would be written as.</summary>
    MalformedFile = 3,

    /// <summary>The file names another chain id than its body has.</summary>
    ChainIdMismatch = 4,

    /// <summary>A signature of a department that the body does not name.</summary>
    UnknownDepartment = 5,

    /// <summary>A department has not signed.</summary>
    MissingSignature = 6,

    /// <summary>A signature is not the department's over this genesis.</summary>
    InvalidSignature = 7,
}

/// <summary>Why and where a genesis is refused.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Where">The field, byte offset or department.</param>
/// <param name="Message">A sentence for an operator.</param>
public sealed record GenesisFailure(GenesisFailureKind Kind, string Where, string Message);
