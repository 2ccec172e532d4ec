using GovChain.Core.Model;

namespace GovChain.Core.Execution;

/// <summary>
/// The ledger goes on by a version of the protocol that this release does not execute. Nothing of such a block may be judged
/// here: not that it is right, and not that it is wrong.
/// </summary>
/// <param name="height">The first block that cannot be executed here.</param>
/// <param name="version">Its version.</param>
/// <param name="newest">The newest version that is executed here.</param>
public sealed class UnexecutableVersionException(ulong height, uint version, uint newest)
    : Exception(Explain(height, version, newest))
{
    /// <summary>The first block that cannot be executed here.</summary>
    public ulong Height => height;

    /// <summary>Its version.</summary>
    public uint Version => version;

    /// <summary>What happened, where, and what to do.</summary>
    public static string Explain(ulong height, uint version, uint newest) =>
        $"From block {height} on this ledger is of protocol version {version}, and this release executes versions up to {newest}. All blocks before it "
        + $"are whole and stay. Install a release that executes version {version}; it goes on from here.";
}
