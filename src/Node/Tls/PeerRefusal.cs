namespace GovChain.Node.Tls;

/// <summary>Why a connection of another node is refused.</summary>
internal enum PeerRefusal
{
    /// <summary>It showed no certificate.</summary>
    NoCertificate = 1,

    /// <summary>The certificate carries no statement of a ledger key: not a GovChain node.</summary>
    NoBinding = 2,

    /// <summary>The statement is not one of the format this program knows.</summary>
    MalformedBinding = 3,

    /// <summary>It belongs to another ledger.</summary>
    WrongChain = 4,

    /// <summary>The ledger knows no such department.</summary>
    UnknownDepartment = 5,

    /// <summary>The ledger has another key for the department.</summary>
    WrongKey = 6,

    /// <summary>The ledger key did not sign this certificate's key.</summary>
    BadSignature = 7,

    /// <summary>Another department than the one that was dialled, or than the one it says in its first frame.</summary>
    WrongDepartment = 8,

    /// <summary>It speaks another version of the protocol.</summary>
    WrongProtocolVersion = 9,

    /// <summary>Its first frame is missing, late, or something else.</summary>
    NoHello = 10,

    /// <summary>This department is dialled, it does not dial.</summary>
    WrongDirection = 11,

    /// <summary>It has as many streams here as it may.</summary>
    TooManyStreams = 12,
}

/// <summary>The outcome of looking at a peer's certificate.</summary>
/// <param name="Department">The authenticated department; null if refused.</param>
/// <param name="Refusal">Why it is refused; null if it is not.</param>
/// <param name="Message">A sentence about the refusal; it names what the other side claimed.</param>
/// <param name="Claimed">The department that the other side claims to be, believed or not; null if it names none.</param>
/// <param name="IsAwaited">It shows a key that the operator states, or that it proves to be its next one, and not the one that the ledger here
/// names.</param>
internal readonly record struct PeerVerdict(
    string? Department, PeerRefusal? Refusal, string Message, string? Claimed, bool IsAwaited = false)
{
    public static PeerVerdict Accept(string department, bool isAwaited = false) => new(department, null, "", department, isAwaited);

    public static PeerVerdict Refuse(PeerRefusal refusal, string message, string? claimed = null) =>
        new(null, refusal, message, claimed);
}

/// <summary>The other side of a peer stream is not who it must be.</summary>
internal sealed class PeerRefusedException(PeerRefusal refusal, string message) : Exception(message)
{
    public PeerRefusal Refusal { get; } = refusal;
}
