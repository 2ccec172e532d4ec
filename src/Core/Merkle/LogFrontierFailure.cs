namespace GovChain.Core.Merkle;

/// <summary>Why bytes are not the encoding of a <see cref="LogFrontier"/>.</summary>
public enum LogFrontierFailure
{
    /// <summary>They are.</summary>
    None = 0,

    /// <summary>Fewer bytes than version and size need.</summary>
    Truncated = 1,

    /// <summary>The first byte is not <see cref="LogFrontier.EncodingVersion"/>.</summary>
    UnknownVersion = 2,

    /// <summary>The number of hashes is not the number of one bits in the size.</summary>
    WrongLength = 3,
}
