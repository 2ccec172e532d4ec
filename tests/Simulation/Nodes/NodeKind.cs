namespace GovChain.Tests.Simulation;

/// <summary>How far a validator can be trusted.</summary>
internal enum NodeKind
{
    /// <summary>Crashes and comes back, and keeps what it synced.</summary>
    Honest,

    /// <summary>Honest, but its disk loses what it synced; counts toward f.</summary>
    Forgetful,

    /// <summary>Does what it likes with its own key.</summary>
    Hostile,

    /// <summary>One of two processes with one key, each of which believes that it is alone; counts toward f.</summary>
    Twin,
}
