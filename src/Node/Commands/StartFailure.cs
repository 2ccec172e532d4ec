namespace GovChain.Node.Commands;

/// <summary>
/// Why a node does not start, or had to stop, apart from what keys and storage say of themselves. The name in upper snake
/// case is the reason in JSON errors: frozen, the list only grows. docs/ERRORS.md has the table.
/// </summary>
internal enum StartFailure
{
    /// <summary>A setting breaks its rule; every problem is listed.</summary>
    ConfigurationInvalid,

    /// <summary>The genesis file cannot be read, or is none.</summary>
    GenesisUnusable,

    /// <summary>The genesis is of another ledger than <c>expectedGenesisDigest</c> names.</summary>
    GenesisOfAnotherLedger,

    /// <summary>A department has not signed the genesis, or its signature is not over this one.</summary>
    GenesisNotSigned,

    /// <summary>The genesis names no such department.</summary>
    DepartmentNotInGenesis,

    /// <summary>The key is not the one that the genesis names for the department.</summary>
    KeyOfAnother,

    /// <summary>The client listener's certificate, its key or the authority's directory cannot be used.</summary>
    CertificateUnusable,

    /// <summary>Another program listens at the address.</summary>
    PortInUse,

    /// <summary>The system does not let this program listen at the address.</summary>
    ListenerRefused,

    /// <summary>Less free space on the data directory's disk than a node needs to begin.</summary>
    DiskFull,

    /// <summary>The process may open fewer files than a node needs.</summary>
    FileHandlesTooFew,

    /// <summary>The processor lacks what <c>signatureEngine</c> or <c>--engine</c> asks for, or the engine fails its self-test.</summary>
    SignatureEngineUnusable,

    /// <summary>A running node met something after which going on could break a promise.</summary>
    NodeStopped,

    /// <summary>The ledger has gone on to a protocol version that this release does not execute.</summary>
    ReleaseTooOld,
}

/// <summary>The exit code of each reason.</summary>
internal static class StartFailures
{
    public static int ExitCodeOf(StartFailure failure) => failure switch
    {
        StartFailure.KeyOfAnother => ExitCode.Keys,
        StartFailure.PortInUse or StartFailure.ListenerRefused => ExitCode.Unavailable,
        StartFailure.DiskFull or StartFailure.FileHandlesTooFew => ExitCode.Storage,
        StartFailure.NodeStopped => ExitCode.Internal,
        _ => ExitCode.Configuration,
    };
}
